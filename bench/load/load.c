/* load.c -- load generator for a TCP echo server: 32-byte lines, one in flight a connection.
 *
 * Closed loop (no rate): each connection sends its next line when the answer is there. Open loop
 * (--rate): line j is meant to leave at start + j / rate, on connection j % connections, whatever
 * the server does; its latency counts from that moment, even when the line had to wait for the
 * answer before it. So a server that stalls cannot hide its stall (coordinated omission).
 *
 * Every answer is compared byte by byte. The first error ends the program with status 1 and no
 * figure. One thread; all times come from CLOCK_MONOTONIC. It prints one line of "key=value". */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)
#define LINE_SIZE 32
#define EVENTS_MAX 256
#define CONNECTIONS_MAX 60000
#define SECONDS_MAX 60.0
#define ANSWER_WAIT_NS (5 * SECOND_NS) /* a line that is not answered by then is lost */
#define PER_SOURCE 4000                /* connections from one source address: ports run out */

/* Buckets of a histogram like HdrHistogram's: 64 steps for each power of two, error below 1.6 %. */
#define STEP_BITS 6
#define STEPS (1u << STEP_BITS)
#define BUCKETS ((64 - STEP_BITS + 1) * STEPS)

typedef struct {
    uint64_t counts[BUCKETS];
    uint64_t total;
    uint64_t max;
} histogram;

typedef struct {
    int fd;
    bool is_waiting;   /* a line is in flight */
    uint32_t sequence; /* of the line in flight or sent last */
    uint32_t received; /* bytes of its answer so far */
    uint64_t due;      /* lines of this phase that should have left by now */
    uint64_t done;     /* lines of this phase that were answered */
    uint64_t sent_ns;
    char line[LINE_SIZE];
    char answer[LINE_SIZE];
} connection;

typedef struct {
    /* Fixed after the options are read. */
    uint16_t port;
    uint32_t count;
    uint64_t rate; /* lines a second; 0 is the closed loop */
    double warm_seconds, seconds;
    int server_pid; /* 0: do not measure its CPU time */
    /* State. */
    int epoll_fd;
    connection *connections;
    /* Of the running phase. */
    uint64_t start_ns, end_ns;
    uint64_t issued;   /* lines that became due */
    uint64_t answered; /* of them */
    histogram *latency;
} load;

static _Noreturn void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

/* ---- histogram ---- */

static uint32_t bucket_of(uint64_t value) {
    if (value < STEPS)
        return (uint32_t)value;
    uint32_t shift = 63 - (uint32_t)__builtin_clzll(value) - STEP_BITS;
    return shift * STEPS + (uint32_t)(value >> shift);
}

static uint64_t bucket_top(uint32_t bucket) {
    if (bucket < 2 * STEPS)
        return bucket;
    uint32_t shift = bucket / STEPS - 1;
    uint64_t step = bucket % STEPS + STEPS;
    return ((step + 1) << shift) - 1;
}

static void histogram_add(histogram *h, uint64_t value) {
    h->counts[bucket_of(value)]++;
    h->total++;
    if (value > h->max)
        h->max = value;
}

static double histogram_us(const histogram *h, double fraction) {
    uint64_t wanted = (uint64_t)((double)h->total * fraction + 0.5);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < BUCKETS; i++) {
        seen += h->counts[i];
        if (seen >= wanted && seen > 0) {
            uint64_t top = bucket_top(i);
            return (double)(top < h->max ? top : h->max) / 1000.0;
        }
    }
    return 0;
}

/* ---- CPU time of the server: the scheduler's own nanoseconds, all threads ---- */

static uint64_t thread_cpu_ns(int pid, const char *thread) {
    char path[320];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0; /* the thread has ended meanwhile */
    if (fscanf(file, "%llu", &ns) != 1)
        ns = 0;
    fclose(file);
    return ns;
}

static uint64_t server_cpu_ns(int pid) {
    char path[64];
    uint64_t sum = 0;
    if (pid == 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *dir = opendir(path);
    if (!dir)
        die("no process %d", pid);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] != '.')
            sum += thread_cpu_ns(pid, entry->d_name);
    }
    closedir(dir);
    return sum;
}

/* ---- connections ---- */

static void raise_fd_limit(uint32_t connections) {
    struct rlimit limit;
    rlim_t wanted = connections + 64;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("getrlimit: %s", strerror(errno));
    if (limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted;
    if (limit.rlim_max < wanted)
        limit.rlim_max = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("%u connections need a higher limit of open files", connections);
}

/* Source 127.x.y.z: x and y differ from run to run, so that ports in TIME_WAIT do not matter. */
static void bind_source(int fd, uint32_t index) {
    uint32_t run = (uint32_t)getpid();
    uint32_t ip = 127u << 24 | (1 + (run >> 8) % 250) << 16 | (run & 255) << 8 | (1 + index);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(ip)};
    int on = 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on); /* saves ports */
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
        die("bind: %s", strerror(errno));
}

static int connect_one(uint16_t port, uint32_t index) {
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons(port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 5};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket: %s", strerror(errno));
    bind_source(fd, index / PER_SOURCE);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
        die("connection %u: %s", index, strerror(errno));
    return fd;
}

static void connect_all(load *self) {
    self->connections = calloc(self->count, sizeof *self->connections);
    self->latency = calloc(1, sizeof *self->latency);
    self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!self->connections || !self->latency || self->epoll_fd < 0)
        die("out of memory or files");
    for (uint32_t i = 0; i < self->count; i++) {
        connection *c = &self->connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        c->fd = connect_one(self->port, i);
        memset(c->line, 'a' + (int)(i % 26), sizeof c->line);
        c->line[LINE_SIZE - 1] = '\n';
        if (epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) < 0)
            die("epoll_ctl: %s", strerror(errno));
    }
}

static void close_all(load *self) {
    for (uint32_t i = 0; i < self->count; i++)
        close(self->connections[i].fd);
    close(self->epoll_fd);
    free(self->connections);
    free(self->latency);
}

/* Writes `value` as 8 hexadecimal digits. */
static void put_hex(char *text, uint32_t value) {
    for (int i = 7; i >= 0; i--) {
        text[i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

/* Sends the next line if one is due and none is in flight. */
static void send_due(load *self, connection *c, uint64_t now) {
    if (c->is_waiting || c->done >= c->due)
        return;
    c->sequence++;
    put_hex(c->line, (uint32_t)(c - self->connections));
    put_hex(c->line + 8, c->sequence);
    if (send(c->fd, c->line, LINE_SIZE, MSG_DONTWAIT | MSG_NOSIGNAL) != LINE_SIZE)
        die("connection %td: cannot send: %s", c - self->connections, strerror(errno));
    c->is_waiting = true;
    c->sent_ns = now;
}

static void issue(load *self, connection *c, uint64_t now) {
    c->due++;
    self->issued++;
    send_due(self, c, now);
}

/* ---- a phase ---- */

static uint64_t intended_ns(const load *self, uint64_t line) {
    return self->start_ns + (uint64_t)((double)line * (double)SECOND_NS / (double)self->rate);
}

static void finish_line(load *self, connection *c, uint64_t now) {
    uint64_t from = c->sent_ns;
    if (memcmp(c->line, c->answer, LINE_SIZE) != 0)
        die("connection %td: wrong bytes came back", c - self->connections);
    if (self->rate)
        from = intended_ns(self, c->done * self->count + (uint64_t)(c - self->connections));
    histogram_add(self->latency, now - from);
    c->is_waiting = false;
    c->received = 0;
    c->done++;
    self->answered++;
    if (self->rate == 0 && now < self->end_ns)
        issue(self, c, now);
    else
        send_due(self, c, now);
}

static void receive(load *self, connection *c) {
    ssize_t size = recv(c->fd, c->answer + c->received, LINE_SIZE - c->received, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN)
        return;
    if (size <= 0)
        die("connection %td: %s", c - self->connections, size ? strerror(errno) : "closed");
    if (!c->is_waiting)
        die("connection %td: more bytes than were sent", c - self->connections);
    c->received += (uint32_t)size;
    if (c->received == LINE_SIZE)
        finish_line(self, c, now_ns());
}

/* Open loop: sends what has become due; returns when the next line will be, or the end of the
 * phase, or the end of the wait for answers. */
static uint64_t issue_due(load *self, uint64_t now) {
    for (;;) {
        uint64_t at = intended_ns(self, self->issued);
        if (at >= self->end_ns)
            return now < self->end_ns ? self->end_ns : self->end_ns + ANSWER_WAIT_NS;
        if (at > now)
            return at;
        issue(self, &self->connections[self->issued % self->count], now);
    }
}

static void wait_and_receive(load *self, uint64_t until_ns) {
    struct epoll_event events[EVENTS_MAX];
    uint64_t now = now_ns();
    uint64_t wait_ns = until_ns > now ? until_ns - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(wait_ns / SECOND_NS),
                               .tv_nsec = (long)(wait_ns % SECOND_NS)};
    int count = epoll_pwait2(self->epoll_fd, events, EVENTS_MAX, &timeout, NULL);
    if (count < 0 && errno != EINTR)
        die("epoll_pwait2: %s", strerror(errno));
    for (int i = 0; i < count; i++)
        receive(self, &self->connections[events[i].data.u32]);
}

static void start_phase(load *self, double seconds) {
    self->start_ns = now_ns();
    self->end_ns = self->start_ns + (uint64_t)(seconds * (double)SECOND_NS);
    self->issued = self->answered = 0;
    memset(self->latency, 0, sizeof *self->latency);
    for (uint32_t i = 0; i < self->count; i++)
        self->connections[i].due = self->connections[i].done = 0;
}

/* Runs one phase until its time is over and every line that was due is answered; returns how
 * long that took. With 0 seconds it is one line on each connection. */
static double run_phase(load *self, double seconds) {
    start_phase(self, seconds);
    bool is_open = self->rate > 0 && seconds > 0;
    uint64_t next_ns = self->end_ns + ANSWER_WAIT_NS;
    if (!is_open) {
        for (uint32_t i = 0; i < self->count; i++)
            issue(self, &self->connections[i], self->start_ns);
    }
    uint64_t now = self->start_ns;
    do {
        if (is_open)
            next_ns = issue_due(self, now);
        wait_and_receive(self, next_ns);
        now = now_ns();
        if (now >= self->end_ns + ANSWER_WAIT_NS)
            die("%llu of %llu lines were not answered",
                (unsigned long long)(self->issued - self->answered),
                (unsigned long long)self->issued);
    } while (now < self->end_ns || self->answered < self->issued);
    return (double)(now - self->start_ns) / (double)SECOND_NS;
}

static void report(const load *self, double elapsed, uint64_t cpu_ns) {
    const histogram *h = self->latency;
    printf("LOAD lines=%llu rate=%.0f p50_us=%.1f p99_us=%.1f p999_us=%.1f max_us=%.1f",
           (unsigned long long)self->answered, (double)self->answered / elapsed,
           histogram_us(h, 0.5), histogram_us(h, 0.99), histogram_us(h, 0.999),
           (double)h->max / 1000.0);
    if (self->server_pid)
        printf(" cpu_us=%.3f", (double)cpu_ns / 1000.0 / (double)self->answered);
    putchar('\n');
}

static void usage(void) {
    puts("usage: load --port N [--connections N] [--rate LINES_A_SECOND] [--warm SECONDS]\n"
         "            [--seconds SECONDS] [--pid SERVER]\n"
         "Without --rate: closed loop. With --pid: CPU time of that process for each line.");
}

static bool set_option(load *self, int option, const char *text) {
    double value = strtod(text, NULL);
    switch (option) {
    case 'p': self->port = (uint16_t)value; return value >= 1 && value <= 65535;
    case 'c': self->count = (uint32_t)value; return value >= 1 && value <= CONNECTIONS_MAX;
    case 'r': self->rate = (uint64_t)value; return value >= 1 && value <= 1e7;
    case 'w': self->warm_seconds = value; return value > 0 && value <= SECONDS_MAX;
    case 's': self->seconds = value; return value > 0 && value <= SECONDS_MAX;
    case 'i': self->server_pid = (int)value; return value >= 1;
    default: return false;
    }
}

static void read_options(load *self, int argc, char **argv) {
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},    {"connections", required_argument, NULL, 'c'},
        {"rate", required_argument, NULL, 'r'},    {"warm", required_argument, NULL, 'w'},
        {"seconds", required_argument, NULL, 's'}, {"pid", required_argument, NULL, 'i'},
        {"help", no_argument, NULL, 'h'},          {0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            usage();
            exit(0);
        }
        if (option == '?' || !set_option(self, option, optarg)) {
            usage();
            exit(2);
        }
    }
    if (self->port == 0) {
        usage();
        exit(2);
    }
}

int main(int argc, char **argv) {
    load self = {.count = 50, .warm_seconds = 0.3, .seconds = 1.0};
    read_options(&self, argc, argv);
    raise_fd_limit(self.count);
    (void)prctl(PR_SET_TIMERSLACK, 1000UL); /* ns; without it a wait ends 50 us late */
    connect_all(&self);
    run_phase(&self, 0); /* every connection is served */
    run_phase(&self, self.warm_seconds);
    uint64_t cpu_ns = server_cpu_ns(self.server_pid);
    double elapsed = run_phase(&self, self.seconds);
    report(&self, elapsed, server_cpu_ns(self.server_pid) - cpu_ns);
    close_all(&self);
    return 0;
}
