/* limits.h -- every fixed bound of the runtime, with the reason for its value.
 *
 * A bound that a program can run into has a test at it (tests/limit). Tunable ones are read from
 * the configuration where they are used; these are their defaults. */
#ifndef SK_BASE_LIMITS_H
#define SK_BASE_LIMITS_H

/* Worker threads: the range the configuration format has always accepted. */
#define SK_WORKER_COUNT_MAX 1024
/* Default number of workers, at most; beyond it a game server gains little without tuning. */
#define SK_WORKER_COUNT_DEFAULT_MAX 8

/* Entries of one worker's run queue; more overflow to the injector, where services lose the worker
 * whose caches know them. A power of two; 16 KiB a worker. */
#define SK_RUNQUEUE_LEN 2048
/* Messages one dispatch handles before the service goes to the tail of the queue. */
#define SK_DISPATCH_COUNT_MAX 64
/* Time one dispatch may take before the service goes to the tail, checked between messages. */
#define SK_DISPATCH_TIME_US 200
/* How long a chain of hand-overs through the next slot may run before the queue has its turn. */
#define SK_CHAIN_TIME_US 100
/* A service waiting in a busy worker's next slot may be stolen once it is this old. */
#define SK_SLOT_STEAL_US 50
/* The injector is looked at every so many dispatches even when the local queue is full. */
#define SK_INJECTOR_INTERVAL 61
/* A busy worker polls without blocking after so many dispatches or so much time. */
#define SK_POLL_DISPATCH_COUNT 64
#define SK_POLL_TIME_US 200
/* ... but not sooner than this: a poll costs as much as several short dispatches. */
#define SK_POLL_MIN_US 20
/* Another worker is woken for a queue that would keep this one for so long: waking costs 5 us and
 * takes effect after about 50, and one dispatch may make others wait for 200 us anyway. */
#define SK_HELP_US 400
/* ... or for a queue that has not been empty for so long. */
#define SK_SATURATED_US 2000
/* A worker whose thread the kernel preempts so often in each such window has no idle CPU beside it
 * (6 a second alone, 70 to 150 beside one process too many). For so many windows it then waits so
 * many times longer before it asks for help. */
#define SK_CROWD_WINDOW_MS 50
#define SK_CROWD_COUNT 2
#define SK_CROWD_WINDOWS 10
#define SK_CROWD_FACTOR 50
/* ... and counts as held by a long call only after so many times longer: a time slice is 3 ms. */
#define SK_CROWD_HELD_FACTOR 3
/* The monitor looks so often for a worker that a long call holds, while any worker is busy. */
#define SK_WATCH_MS 2
/* It goes to sleep after so many looks without a busy worker, for at most so long. */
#define SK_WATCH_IDLE_COUNT 8
#define SK_WATCH_IDLE_MS 100
/* The monitor polls when nobody else has for so long. */
#define SK_POLL_STALL_MS 10
/* How often an idle worker looks at the others' queues before it parks. */
#define SK_SEARCH_ROUNDS 4

/* The monitor reports a service that is in the same message for longer than this. */
#define SK_STUCK_MS 5000
/* A stop waits so long for what is under way, and then for output that peers have not taken. */
#define SK_STOP_MS 1000
/* First mailbox length that is reported as overload; doubles with each report. */
#define SK_OVERLOAD_LEN 1024
/* Accounts of CPU time in one service: one a method of a snax service, of which a file has at most
 * hundreds. 16 bytes each, made when used. */
#define SK_ACCOUNT_COUNT_MAX 65535

/* Messages looked at when the size of a mailbox is asked for: some 100 us. */
#define SK_MAILBOX_WALK_MAX 1024

/* Bytes of the text in an exit reason: enough for a message of Lua with its place. */
#define SK_EXIT_TEXT_LEN_MAX 500
/* A service that refuses or drops requests says so at most so often. */
#define SK_BOUND_REPORT_MS 1000

/* A payload's size shares a word with the message type in the C interface: 56 bits remain. */
#define SK_PAYLOAD_SIZE_MAX ((size_t)1 << 56)
/* A global name travels in 16 bytes, the last one zero. */
#define SK_GLOBAL_NAME_LEN_MAX 15
/* Messages that wait until a global name is defined; more are answered with an error. */
#define SK_HARBOR_WAITING_MAX 65536

/* Sockets at a time; ids map to slots by their low bits, so this is a power of two. */
#define SK_SOCKET_COUNT_MAX 65536
/* Bytes one turn reads from one socket; also the size of a worker's scratch buffer. */
#define SK_READ_SIZE 65536
/* Unread bytes of a socket above which its reading pauses until somebody reads. */
#define SK_READ_PAUSE_SIZE 131072
/* Gathered writes of one dispatch leave at this size even before the dispatch ends. */
#define SK_WRITE_GATHER_SIZE 16384
/* Buffers given to one writev. */
#define SK_WRITE_IOV_MAX 64
/* Unsent bytes of a socket at which its owner is warned first; doubles with each warning. */
#define SK_WRITE_WARN_SIZE (1024 * 1024)
/* An error text or peer address in a socket event. */
#define SK_SOCKET_TEXT_LEN_MAX 128
/* Accepted but never started sockets are closed after this once their listener is gone. */
#define SK_ACCEPT_GRACE_MS 60000
/* Connections accepted in one turn of a listener. */
#define SK_ACCEPT_COUNT_MAX 64

/* Datagrams of one socket that wait for the owner, or to be sent, and their bytes; the oldest give
 * way. At 100,000 a second this covers an owner that is busy for 40 ms; the kernel's own buffer
 * holds a few hundred. */
#define SK_DATAGRAM_COUNT_MAX 4096
#define SK_DATAGRAM_SIZE_MAX (4 * 1024 * 1024)
/* Datagrams the poller reads from one socket before the others have their turn. */
#define SK_DATAGRAM_READ_COUNT_MAX 256
/* Datagrams handed out in one turn of the owner. */
#define SK_DATAGRAM_TURN_COUNT_MAX 64

/* Payloads of a packet with a length in front are smaller: the wire format's own limit. */
#define SK_NETPACK_SIZE_MAX 0x1000000
/* A gate stops reading from a connection whose receiver has so many messages waiting (four times
 * the first overload warning), or so many bytes if all of them are as large as what came last, but
 * not for fewer than the least number. It looks again after so long, until half are gone. */
#define SK_GATE_BEHIND_LEN 4096
#define SK_GATE_BEHIND_SIZE (16u * 1024 * 1024)
#define SK_GATE_BEHIND_LEN_MIN 16
#define SK_GATE_BEHIND_MS 10
/* Connections that wait to be accepted by a gate. */
#define SK_GATE_BACKLOG 128

/* Nested tables the packer accepts around a value: part of the wire format. */
#define SK_SERI_PACK_DEPTH_MAX 32
/* Nested tables the unpacker accepts: above the packer's, far below the C stack. */
#define SK_SERI_UNPACK_DEPTH_MAX 256

/* Nested tables that skein.h reads and writes: what the packer can have written, with some room. */
#define SK_VALUE_DEPTH_MAX 40

/* Lua heap size at which a service is reported first; doubles with each report. */
#define SK_LUA_WARN_SIZE (32u * 1024 * 1024)
/* A Lua state's first memory is one piece of this size: nearly all of a service that needs only
 * skynet. With more of it the least service would need more memory than without. None under a
 * checker of memory, which would not see into it. */
#ifdef SK_CHECKED
#define SK_LUA_ARENA_SIZE ((size_t)0)
#else
#define SK_LUA_ARENA_SIZE ((size_t)24 * 1024)
#endif
/* Idle coroutines a service keeps for reuse. */
#define SK_TASK_POOL_MAX 64

/* Debugger channels of a node: one for each session of a debugger, which a human holds. */
#define SK_CHANNEL_COUNT_MAX 1024
/* Unread lines and bytes of a channel: its reader may be busy while somebody pastes. */
#define SK_CHANNEL_LINE_COUNT_MAX 1024
#define SK_CHANNEL_SIZE_MAX ((size_t)1024 * 1024)

#endif
