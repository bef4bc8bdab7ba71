%% bench.erl -- the works of the benchmark in Erlang/OTP: plain processes and messages.
%%
%% erl ... -run bench main WORK SECONDS prints "BENCH work value unit". A call is a tagged message
%% and a selective receive of its reference: less than gen_server:call does, so the fastest fair
%% form. A send carries a tag, its sender and the value, which is what a Skein message carries.
%% The number of schedulers is set outside (+S). The work "echo" serves TCP instead: it
%% prints "PORT n" and echoes until it is killed.
-module(bench).
-export([main/1]).

-define(PAIRS, 512).
-define(SEND_BATCH, 100000).
-define(TIMERS, 200000).

main(["echo" | _]) ->
    echo_listen();
main([Work, SecondsText]) ->
    {Seconds, _} = string:to_float(SecondsText),
    {Value, Unit} = work(Work, Seconds),
    io:format("BENCH ~s ~.3f ~s~n", [Work, float(Value), Unit]),
    halt(0).

work("call_int", Seconds) ->
    Callee = spawn_link(fun callee/0),
    {rate(fun(N) -> call_ints(Callee, N) end, Seconds), "calls/s"};
work("call_table", Seconds) ->
    Callee = spawn_link(fun callee/0),
    {rate(fun(N) -> call_maps(Callee, N) end, Seconds), "calls/s"};
work("send_drain", Seconds) ->
    Sink = spawn_link(fun() -> sink(0) end),
    Batches = rate(fun(N) -> send_batches(Sink, N) end, Seconds, 1),
    {Batches * ?SEND_BATCH, "sends/s"};
work("pairs512", Seconds) ->
    Callers = [spawn_link(fun pair/0) || _ <- lists:seq(1, ?PAIRS)],
    Rounds = rate(fun(N) -> run_pairs(Callers, N) end, Seconds, 10),
    {Rounds * ?PAIRS, "calls/s"};
work("yield", Seconds) ->
    {rate(fun yields/1, Seconds), "yields/s"};
work("timers", _Seconds) ->
    {Before, _} = erlang:statistics(runtime),
    [erlang:send_after((I rem 50 + 1) * 10, self(), fired) || I <- lists:seq(1, ?TIMERS)],
    wait_fired(?TIMERS),
    {After, _} = erlang:statistics(runtime),
    {(After - Before) / 1000, "s"}.

%% Runs Run(N), doubling N until a run is long enough to be the warm-up; then times about Seconds.
rate(Run, Seconds) -> rate(Run, Seconds, 1000).

rate(Run, Seconds, N) ->
    case time(Run, N) of
        Elapsed when Elapsed < 0.3 * Seconds -> rate(Run, Seconds, N * 2);
        Elapsed ->
            Timed = max(1, round(N * Seconds / Elapsed)),
            Timed / time(Run, Timed)
    end.

time(Run, N) ->
    Start = erlang:monotonic_time(nanosecond),
    Run(N),
    (erlang:monotonic_time(nanosecond) - Start) / 1.0e9.

call(Pid, Message) ->
    Ref = make_ref(),
    Pid ! {self(), Ref, Message},
    receive {Ref, Answer} -> Answer end.

callee() ->
    receive {From, Ref, Message} -> From ! {Ref, Message} end,
    callee().

call_ints(_Callee, 0) -> ok;
call_ints(Callee, N) ->
    N = call(Callee, N),
    call_ints(Callee, N - 1).

call_maps(_Callee, 0) -> ok;
call_maps(Callee, N) ->
    Map = #{id => N, name => <<"sword">>, count => 3, slots => [N, N + 1, N + 2]},
    #{id := N} = call(Callee, Map),
    call_maps(Callee, N - 1).

sink(Count) ->
    receive
        {From, Ref, drained} -> From ! {Ref, Count}, sink(0);
        {send, _From, _N} -> sink(Count + 1)
    end.

send_batches(_Sink, 0) -> ok;
send_batches(Sink, N) ->
    send_ints(Sink, ?SEND_BATCH),
    ?SEND_BATCH = call(Sink, drained),
    send_batches(Sink, N - 1).

send_ints(_Sink, 0) -> ok;
send_ints(Sink, N) ->
    Sink ! {send, self(), N},
    send_ints(Sink, N - 1).

pair() ->
    Callee = spawn_link(fun callee/0),
    pair(Callee).

pair(Callee) ->
    receive {From, Ref, N} ->
        call_ints(Callee, N),
        From ! {Ref, done}
    end,
    pair(Callee).

run_pairs(Callers, N) ->
    Refs = [begin Ref = make_ref(), Pid ! {self(), Ref, N}, Ref end || Pid <- Callers],
    [receive {Ref, done} -> ok end || Ref <- Refs].

yields(0) -> ok;
yields(N) ->
    erlang:yield(),
    yields(N - 1).

wait_fired(0) -> ok;
wait_fired(N) ->
    receive fired -> wait_fired(N - 1) end.

echo_listen() ->
    Options = [binary, {active, false}, {backlog, 4096}, {nodelay, true}, {ip, {127, 0, 0, 1}}],
    {ok, Listener} = gen_tcp:listen(0, Options),
    {ok, Port} = inet:port(Listener),
    io:format("PORT ~b~n", [Port]),
    echo_accept(Listener).

echo_accept(Listener) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(fun() -> receive go -> echo(Socket) end end),
    ok = gen_tcp:controlling_process(Socket, Pid),
    Pid ! go,
    echo_accept(Listener).

echo(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Data} -> _ = gen_tcp:send(Socket, Data), echo(Socket);
        {error, _} -> gen_tcp:close(Socket)
    end.
