// Makes system calls of coshell fail, for tests/it/failing_calls.rs. Loaded by LD_PRELOAD; the programs that coshell starts are
// left alone.
//
// FAULT        CALL:ERROR:FIRST:EVERY:TIMES. CALL fails with the number ERROR, beginning with its call FIRST (from 1), then
//              at each EVERY-th one, at most TIMES times. ERROR 0 makes a read or a write transfer one byte.
// FAULT_AFTER  a path: calls count only while it exists
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static char name[32];
static int error;
static long first, every, times, count;
static char after[4096];

__attribute__((constructor)) static void configure(void) {
    const char *fault = getenv("FAULT"), *path = getenv("FAULT_AFTER");
    if (fault) {
        char *end = strchr(fault, ':');
        memcpy(name, fault, end - fault);
        error = strtol(end + 1, &end, 10);
        first = strtol(end + 1, &end, 10);
        every = strtol(end + 1, &end, 10);
        times = strtol(end + 1, &end, 10);
    }
    if (path) strncpy(after, path, sizeof after - 1);
    unsetenv("LD_PRELOAD");
    unsetenv("FAULT");
    unsetenv("FAULT_AFTER");
}

// Returns whether this call is one of those that fail.
static int due(const char *call) {
    if (strcmp(call, name)) return 0;
    int before = errno;
    int armed = !*after || syscall(SYS_faccessat, AT_FDCWD, after, F_OK) == 0;
    errno = before;
    if (!armed || ++count < first || (count - first) % every || times == 0) return 0;
    times--;
    if (error) errno = error;
    return 1;
}

#define REAL(call) ((__typeof__(&call))dlsym(RTLD_NEXT, #call))

// A call that fails, or transfers one byte.
#define TRANSFER(type, call, parameters, ...)      \
    type call parameters {                         \
        if (due(#call)) {                          \
            if (error) return -1;                  \
            if (length > 1) length = 1;            \
        }                                          \
        return REAL(call)(__VA_ARGS__);            \
    }
#define CALL(type, call, parameters, ...)          \
    type call parameters {                         \
        if (due(#call)) return -1;                 \
        return REAL(call)(__VA_ARGS__);            \
    }

TRANSFER(ssize_t, read, (int fd, void *buffer, size_t length), fd, buffer, length)
TRANSFER(ssize_t, write, (int fd, const void *buffer, size_t length), fd, buffer, length)
TRANSFER(ssize_t, recv, (int fd, void *buffer, size_t length, int flags), fd, buffer, length, flags)
TRANSFER(ssize_t, send, (int fd, const void *buffer, size_t length, int flags), fd, buffer, length, flags)
CALL(int, poll, (struct pollfd *fds, nfds_t n, int timeout), fds, n, timeout)
CALL(int, epoll_wait, (int fd, struct epoll_event *events, int n, int timeout), fd, events, n, timeout)
CALL(int, pipe, (int ends[2]), ends)
CALL(int, pipe2, (int ends[2], int flags), ends, flags)
CALL(int, socketpair, (int domain, int type, int protocol, int ends[2]), domain, type, protocol, ends)
CALL(pid_t, fork, (void), )
CALL(int, execvp, (const char *file, char *const argv[]), file, argv)
CALL(int, accept4, (int fd, struct sockaddr *address, socklen_t *size, int flags), fd, address, size, flags)
CALL(int, connect, (int fd, const struct sockaddr *address, socklen_t size), fd, address, size)
CALL(int, tcsetattr, (int fd, int when, const struct termios *modes), fd, when, modes)
CALL(pid_t, waitpid, (pid_t pid, int *status, int options), pid, status, options)

static ssize_t one_byte(ssize_t (*real)(int, struct msghdr *, int), int fd, struct msghdr *message, int flags) {
    struct msghdr shorter = *message;
    struct iovec part = message->msg_iov[0];
    if (part.iov_len > 1) part.iov_len = 1;
    shorter.msg_iov = &part;
    shorter.msg_iovlen = 1;
    ssize_t n = real(fd, &shorter, flags);
    message->msg_controllen = shorter.msg_controllen;
    message->msg_flags = shorter.msg_flags;
    return n;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    if (!due("recvmsg")) return REAL(recvmsg)(fd, message, flags);
    return error ? -1 : one_byte(REAL(recvmsg), fd, message, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    if (!due("sendmsg")) return REAL(sendmsg)(fd, message, flags);
    struct msghdr copy = *message;
    return error ? -1 : one_byte((ssize_t(*)(int, struct msghdr *, int))REAL(sendmsg), fd, &copy, flags);
}

// A removal needs no memory, and does not fail.
int epoll_ctl(int fd, int op, int target, struct epoll_event *event) {
    return op != EPOLL_CTL_DEL && due("epoll_ctl") ? -1 : REAL(epoll_ctl)(fd, op, target, event);
}

// All that open a file count as "open".
#define OPEN(call)                                                   \
    int call(const char *path, int flags, ...) {                     \
        va_list rest;                                                \
        va_start(rest, flags);                                       \
        mode_t mode = va_arg(rest, mode_t);                          \
        va_end(rest);                                                \
        return due("open") ? -1 : REAL(call)(path, flags, mode);     \
    }
OPEN(open)
OPEN(open64)

// F_DUPFD_CLOEXEC alone fails, as "dup".
#define FCNTL(call)                                                                     \
    int call(int fd, int command, ...) {                                                \
        va_list rest;                                                                   \
        va_start(rest, command);                                                        \
        void *argument = va_arg(rest, void *);                                          \
        va_end(rest);                                                                   \
        return command == F_DUPFD_CLOEXEC && due("dup") ? -1 : REAL(call)(fd, command, argument); \
    }
FCNTL(fcntl)
FCNTL(fcntl64)
