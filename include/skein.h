/* skein.h -- the C interface of Skein, for native services and for Lua C modules.
 *
 * A native service is a shared object NAME.so, found along the configuration's `cpath`, that holds
 *     SKEIN_MODULE(NAME, start, stop, message, signal);
 * It is compiled with this header alone, as C11 or later or as C++, and linked with nothing: the
 * executable exports what is declared here. docs/skein-h.md is a guide with examples.
 *
 * Threads. A service is run by one thread at a time, not always the same. Unless it says something
 * else, a function is called by the service's own code only: inside of its start, stop, message and
 * other callbacks, or from a Lua function of the service. Functions with `thread` in their name may
 * be called from any thread. Nothing here blocks, and callbacks should not: a service that waits
 * in the kernel holds a worker.
 *
 * Ownership. `take_x`: yours before, the runtime's after the call, in every outcome; it must come
 * from malloc. `ret_x`: an output, untouched on failure. `const`: borrowed for the call, copied if
 * it is needed longer. What a callback is given is valid until it returns.
 *
 * Failures. int results are 0 or one of the negative codes below; skein_error_text names them. */
#ifndef SKEIN_H
#define SKEIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define SKEIN_EXTERN extern "C"
extern "C" {
#else
#define SKEIN_EXTERN extern
#endif

#if defined(__GNUC__)
#define SKEIN_EXPORT __attribute__((visibility("default")))
#define SKEIN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#pragma GCC visibility push(default)
#else
#define SKEIN_EXPORT
#define SKEIN_PRINTF(fmt, args)
#endif

/* ---- Words ---- */

/* A service, as seen from inside. Valid from its start until its stop has returned; in a Lua C
 * module until the Lua state is closed. */
typedef struct skein_service skein_service;

/* The address of a service; 0 is nobody. */
typedef struct {
    uint32_t value;
} skein_handle;

/* A socket of the process; 0 is none. The numbers are those of Lua's `skynet.socket`. */
typedef struct {
    int32_t value;
} skein_socket;

/* A timer that runs; 0 is none. */
typedef struct {
    int32_t value;
} skein_timer;

/* Who waits for an answer, and for which. Session 0: nobody does. */
typedef struct {
    skein_handle source;
    int32_t session;
} skein_request;

/* Message types: one byte, from 13 on free for programs. */
enum {
    SKEIN_TEXT = 0,
    SKEIN_RESPONSE = 1,
    SKEIN_CLIENT = 3,
    SKEIN_SYSTEM = 4,
    SKEIN_SOCKET = 6,
    SKEIN_ERROR = 7,
    SKEIN_LUA = 10
};

enum {
    SKEIN_ENOENT = -10001,    /* no such service */
    SKEIN_ENAME = -10002,     /* no such name, or host */
    SKEIN_EEXIST = -10003,    /* the name or key is taken */
    SKEIN_ETOOBIG = -10004,   /* the payload is too large */
    SKEIN_EINVAL = -10005,    /* an argument makes no sense */
    SKEIN_ECLOSED = -10006,   /* the socket is closed; of a call: the service stops */
    SKEIN_ELIMIT = -10008,    /* a limit of the process is reached */
    SKEIN_EDEADLINE = -10009, /* no answer in time */
    SKEIN_ESTATE = -10010,    /* not possible here: timers in a Lua C module, or in `stop` */
    SKEIN_EFORMAT = -10011,   /* other values than expected, or damaged ones */
    SKEIN_EFAILED = -10100    /* the callee answered with an error, or is gone */
};

/* Any thread. The text of a negative code, also of a negated errno; static. */
const char *skein_error_text(int error);

/* ---- Messages ---- */

/* A message that arrived. */
typedef struct {
    int type;
    int32_t session; /* > 0 for a request: it must be answered, now or later */
    skein_handle source;
    const void *data; /* NULL when there is none */
    size_t size;
    uint64_t deadline_ns; /* see skein_now_ns; when the sender stops waiting; 0: never */
} skein_message;

/* Inside of the callback that got it. The payload as a block of the caller's, for free(): it
 * stays valid. NULL when there is none, or when it was taken already. */
void *skein_message_take(skein_message *message);

/* What an answer needs, for later. */
skein_request skein_message_request(const skein_message *message);

/* Sends a message that wants no answer. SKEIN_ENOENT when there is no such service, SKEIN_ETOOBIG,
 * SKEIN_EINVAL for a type that is no byte. */
int skein_send(skein_service *service, skein_handle to, int type, const void *data, size_t size);
int skein_send_take(skein_service *service, skein_handle to, int type, void *take_data,
                    size_t size);

/* Answers a request, once, in its callback or later. 0 also for session 0, where nothing is sent;
 * SKEIN_ENOENT when who asked is gone. What a native service has not answered when it stops is
 * answered with an error. */
int skein_reply(skein_service *service, skein_request request, const void *data, size_t size);
int skein_reply_take(skein_service *service, skein_request request, void *take_data, size_t size);

/* Answers a request with an error: a call in Lua raises. */
int skein_reply_error(skein_service *service, skein_request request);

/* A request of one's own. */
typedef struct {
    skein_handle to;
    int type;
    const void *data;
    size_t size;
    uint64_t timeout_ms; /* SKEIN_EDEADLINE after this; 0: waits as long as the callee lives */
} skein_call_options;

/* The answer: error 0 and the data; or, without data, SKEIN_EFAILED, SKEIN_EDEADLINE, or
 * SKEIN_ECLOSED when the service itself stops. */
typedef void (*skein_answer_fn)(skein_service *service, void *user, int error, const void *data,
                                size_t size);

/* Sends a request; `on_answer` is called once, later. Failures as skein_send, and then it is not
 * called. SKEIN_ESTATE in a Lua C module. */
int skein_call(skein_service *service, const skein_call_options *options, skein_answer_fn on_answer,
               void *user);

/* ---- Lua values ----
 *
 * What `skynet.call(handle, "lua", ...)` sends, and what it takes for an answer: messages of type
 * SKEIN_LUA, and their answers, are a row of values. Readers and writers touch no Lua state and may
 * be used on any thread. */

typedef enum {
    SKEIN_NIL,
    SKEIN_BOOLEAN,
    SKEIN_INTEGER,
    SKEIN_NUMBER,
    SKEIN_STRING,
    SKEIN_POINTER, /* light userdata */
    SKEIN_TABLE,   /* its list follows, then keys and values in turn, then SKEIN_TABLE_END */
    SKEIN_TABLE_END
} skein_kind;

typedef struct {
    skein_kind kind;
    bool boolean;
    int64_t integer;
    double number; /* of an INTEGER, too */
    const void *pointer;
    const char *string; /* STRING: borrowed from what is read, not terminated */
    size_t size;        /* of the STRING, or of the list of a TABLE */
} skein_value;

#define SKEIN_DEPTH_MAX 40

/* Members are the reader's own. Fits on the stack. */
typedef struct {
    const uint8_t *next;
    const uint8_t *end;
    int depth;
    bool is_value[SKEIN_DEPTH_MAX]; /* of the open tables: the key has been read */
    size_t list[SKEIN_DEPTH_MAX];   /* ... and what is left of the list */
} skein_reader;

/* Begins to read `data`, which stays where it is meanwhile. */
void skein_read_begin(skein_reader *ret_reader, const void *data, size_t size);

/* The next value. 1; 0 at the end; SKEIN_EFORMAT for damaged data, or tables nested too deep. */
int skein_read(skein_reader *reader, skein_value *ret_value);

/* The next value, which must be of the kind: 0, else SKEIN_EFORMAT, also at the end. An integer may
 * be a number without a fraction, and any number an integer. */
int skein_read_integer(skein_reader *reader, int64_t *ret_integer);
int skein_read_number(skein_reader *reader, double *ret_number);
int skein_read_string(skein_reader *reader, const char **ret_string, size_t *ret_size);

/* Values on their way out; all zero is empty. Members are the writer's own. */
typedef struct {
    uint8_t *data;
    size_t size;
    size_t capacity;
} skein_writer;

/* Adds a value. A table is: skein_write_table with the length of its list, the list, keys and
 * values in turn, skein_write_end. A string has less than 2 GiB: the process ends for a longer one.
 */
void skein_write_nil(skein_writer *writer);
void skein_write_boolean(skein_writer *writer, bool boolean);
void skein_write_integer(skein_writer *writer, int64_t integer);
void skein_write_number(skein_writer *writer, double number);
void skein_write_string(skein_writer *writer, const char *string, size_t size);
void skein_write_table(skein_writer *writer, size_t list_len);
void skein_write_end(skein_writer *writer);

/* What was written, as a block of the caller's (for skein_send_take and its like); the writer is
 * empty again. NULL and 0 when nothing was. */
void *skein_writer_take(skein_writer *writer, size_t *ret_size);

/* Answers with what was written; the writer is empty again. As skein_reply. */
int skein_reply_values(skein_service *service, skein_request request, skein_writer *writer);

/* ---- Timers and clocks ---- */

typedef void (*skein_timer_fn)(skein_service *service, void *user);

/* Calls `on_time` once, after the delay; 0: behind the messages that are waiting. Timers count in
 * milliseconds; what lies between two is rounded up. ret_timer may be NULL. SKEIN_ESTATE in a Lua C
 * module. */
int skein_after_ms(skein_service *service, uint64_t delay_ms, skein_timer_fn on_time, void *user,
                   skein_timer *ret_timer);
int skein_after_ns(skein_service *service, uint64_t delay_ns, skein_timer_fn on_time, void *user,
                   skein_timer *ret_timer);

/* Its function will not be called. Returns the timer's `user`; NULL, and does nothing, when it is
 * over already. Timers that run when the service stops are forgotten. */
void *skein_timer_cancel(skein_service *service, skein_timer timer);

/* Any thread. Nanoseconds on a clock that never goes back, and since 1970. */
uint64_t skein_now_ns(const skein_service *service);
uint64_t skein_wall_ns(const skein_service *service);

/* ---- Services and names ---- */

/* The handle of the service itself. */
skein_handle skein_self(const skein_service *service);

/* Launches a native service, or a Lua service with the module "snlua" and its script in `args`.
 * `args` may be NULL. SKEIN_ENOENT when there is no such module, SKEIN_ESTATE when it does not
 * start; the log has the reason. */
int skein_launch(skein_service *service, const char *module, const char *args,
                 skein_handle *ret_handle);

/* Ends the service when the present callback has returned. */
void skein_exit(skein_service *service);

/* Ends another one. SKEIN_ENOENT when there is none. */
int skein_kill(skein_service *service, skein_handle handle);

/* Ends all services, and so the process. */
void skein_abort(skein_service *service);

/* Binds a name, without the dot that Lua code puts in front. SKEIN_EEXIST when it is taken. */
int skein_name(skein_service *service, const char *name, skein_handle handle);

/* The handle of ".name" or ":hex". SKEIN_ENAME when nobody has the name, or it has another form. */
int skein_find(skein_service *service, const char *name, skein_handle *ret_handle);

/* ---- Environment ---- */

/* The value of a key of the configuration, or NULL; valid as long as the process. */
const char *skein_env(const skein_service *service, const char *key);

/* Sets a key that has no value yet, for good. SKEIN_EEXIST when it has one. */
int skein_env_set(skein_service *service, const char *key, const char *value);

/* ---- Log ---- */

typedef enum { SKEIN_DEBUG, SKEIN_INFO, SKEIN_WARNING, SKEIN_FAILURE } skein_level;

/* Writes a line in the name of the service, if the configuration's `loglevel` (debug, info, warn or
 * error; info when unset) lets it through. The level stands in front of the text, or apart from it
 * with `logformat = "json"`. */
void skein_log(skein_service *service, skein_level level, const char *fmt, ...) SKEIN_PRINTF(3, 4);

/* True when such a line would be written: to save the work of making its text. */
bool skein_log_is_on(const skein_service *service, skein_level level);

/* ---- Sockets ---- */

/* What happens to a socket. Any of them may be NULL. */
typedef struct {
    /* It is connected (`address`: the peer's), or started, or it listens (""). */
    void (*opened)(skein_service *service, void *user, skein_socket socket, const char *address);
    /* A listener got a connection, which belongs to this service. It is not read before
     * skein_socket_start, by this or another service (its number may be sent to Lua code).
     * NULL: connections are closed. */
    void (*accepted)(skein_service *service, void *user, skein_socket socket, const char *peer);
    /* Bytes came: one piece of a stream. */
    void (*received)(skein_service *service, void *user, skein_socket socket, const void *data,
                     size_t size);
    /* So many bytes wait to be sent: from 1 MiB on, at each doubling; 0: all are out again. */
    void (*unsent)(skein_service *service, void *user, skein_socket socket, size_t size);
    /* It is over; the last call, once for each socket, also for one that the service closed or that
     * did not get connected. `error` is NULL, or what went wrong. */
    void (*closed)(skein_service *service, void *user, skein_socket socket, const char *error);
} skein_socket_events;

typedef struct {
    const char *host; /* a name or numeric address; for a listener NULL or "": all of IPv4 */
    int port;         /* of a listener 0: the system chooses */
    int backlog;      /* of a listener; 0: a default */
    const skein_socket_events *events; /* static storage */
    void *user;                        /* handed to each event */
} skein_socket_options;

/* Opens a listener, which accepts from now on. ret_port may be NULL. SKEIN_ENAME (no such host),
 * SKEIN_EINVAL (port), SKEIN_ELIMIT, SKEIN_ESTATE (a Lua C module), or a negated errno. */
int skein_listen(skein_service *service, const skein_socket_options *options,
                 skein_socket *ret_socket, int *ret_port);

/* Begins to connect; `opened` follows, or `closed` with the reason. SKEIN_EINVAL, SKEIN_ELIMIT,
 * SKEIN_ESTATE. */
int skein_connect(skein_service *service, const skein_socket_options *options,
                  skein_socket *ret_socket);

/* Reads an accepted connection, or takes over one of another service: `opened` follows, or
 * `closed` when there is no such socket. SKEIN_ESTATE in a Lua C module. */
int skein_socket_start(skein_service *service, skein_socket socket,
                       const skein_socket_events *events, void *user);

/* Tells nobody of the socket's events from now on, not even of its end: before its number is given
 * to another service, which starts it. */
void skein_socket_abandon(skein_service *service, skein_socket socket);

/* Stops and continues reading, so that the peer has to wait. */
void skein_socket_pause(skein_service *service, skein_socket socket);
void skein_socket_resume(skein_service *service, skein_socket socket);

/* Sends, or queues what cannot be sent now; what the network fails to do comes as an event. Any
 * service may send to any socket. SKEIN_ECLOSED, SKEIN_ESTATE for a listener. */
int skein_socket_send(skein_service *service, skein_socket socket, const void *data, size_t size);
int skein_socket_send_take(skein_service *service, skein_socket socket, void *take_data,
                           size_t size);

/* Sends what is queued, then closes; the second drops it. `closed` follows, in the owner. */
void skein_socket_close(skein_service *service, skein_socket socket);
void skein_socket_shutdown(skein_service *service, skein_socket socket);

/* ---- Other threads ---- */

/* Any thread, while the service is valid: stop must join the threads that may call this. Sends a
 * message in the name of the service, also to the service itself, which is how a thread hands its
 * results over. As skein_send. */
int skein_thread_send(skein_service *service, skein_handle to, int type, const void *data,
                      size_t size);

/* Any thread, while the service is valid. As skein_log. */
void skein_thread_log(skein_service *service, skein_level level, const char *fmt, ...)
    SKEIN_PRINTF(3, 4);

/* ---- Statistics ---- */

typedef struct {
    uint64_t message_count;   /* handled so far */
    uint64_t cpu_ns;          /* used by finished callbacks; 0 without `profile` */
    uint64_t mailbox_len;     /* waiting now */
    uint64_t mailbox_len_max; /* most that ever waited */
    size_t memory_size;       /* what the service reported; a Lua service: its heap */
} skein_stats;

/* Of the service itself or of another one. SKEIN_ENOENT. */
int skein_get_stats(skein_service *service, skein_handle of, skein_stats *ret_stats);

/* Reports the memory a native service holds, for the statistics. SKEIN_ESTATE in a Lua C module:
 * Lua's heap is counted by itself. */
int skein_set_memory(skein_service *service, size_t size);

/* ---- Lua C modules ---- */

struct lua_State;

/* In a function called from Lua. The service that runs this state; NULL when none does (a
 * stand-alone Lua, a state of one's own). May raise a Lua error when memory is out. */
skein_service *skein_of_lua(struct lua_State *L);

/* ---- Modules ---- */

/* A change of this header that makes modules built before unusable raises the version; the loader
 * refuses others and says so. New members at the end of skein_module do not: struct_size tells. */
#define SKEIN_ABI_VERSION 1u
#define SKEIN_MODULE_MAGIC 0x4e454b53u /* "SKEN" */

typedef struct {
    uint32_t magic;
    uint32_t abi_version;
    uint32_t struct_size;

    /* Required. A new service, in the thread of who launches it. `args` is what follows the name of
     * the module, "" if nothing does. 0 and the state that the other functions get; negative: the
     * launch fails, and nothing else of the module is called. */
    int (*start)(skein_service *service, const char *args, void **ret_state);
    /* Once, when the service has ended: frees the state. Its sockets have been told that they are
     * closed, and its calls that they failed. It may still send and reply. May be NULL. */
    void (*stop)(skein_service *service, void *state);
    /* Every message but answers, timers and socket events. Negative: not handled, and a request is
     * answered with an error, as it is when its deadline has passed. NULL: the same for all. */
    int (*message)(skein_service *service, void *state, skein_message *message);
    /* In the thread of who sends the signal, while other callbacks may run. May be NULL. */
    void (*signal)(skein_service *service, void *state, int number);
} skein_module;

/* Exports the module: SKEIN_MODULE(NAME, start, stop, message, signal); in C also with designators:
 * SKEIN_MODULE(NAME, .start = f, .message = g). For a dotted name: the part behind the last dot. */
#define SKEIN_MODULE(name, ...)                                                                    \
    SKEIN_EXTERN SKEIN_EXPORT const skein_module name##_module;                                    \
    const skein_module name##_module = {SKEIN_MODULE_MAGIC, SKEIN_ABI_VERSION,                     \
                                        (uint32_t)sizeof(skein_module), __VA_ARGS__}

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
