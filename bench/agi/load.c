/* Plays Asterisk against a FastAGI server, from one thread, at far less cost than any server under test.
 *
 *   load PORT calls N CONCURRENCY      as fast as the server can, CONCURRENCY calls at once
 *   load PORT paced N RATE             RATE calls a second, evenly spaced
 *   load PORT idle N                   N sessions that wait for the answer to their first command; until stdin ends
 *
 * A call: connect, send the environment, answer each command, until the server closes. Prints
 * "<good calls> <p50 us> <p99 us> <seconds>"; a call is good when the server sent exactly COMMANDS commands. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS 10
#define MOST 65536

static const char ENVIRONMENT[] =
    "agi_network: yes\nagi_network_script: call\nagi_request: agi://127.0.0.1:4573/call\n"
    "agi_channel: PJSIP/trunk-00000001\nagi_language: es\nagi_type: PJSIP\nagi_uniqueid: n1-1700000000.1\n"
    "agi_version: 22.10.1\nagi_callerid: 3000000001\nagi_calleridname: unknown\nagi_callingpres: 0\n"
    "agi_callingani2: 0\nagi_callington: 0\nagi_callingtns: 0\nagi_dnid: 6017436967\nagi_rdnis: unknown\n"
    "agi_context: call\nagi_extension: s\nagi_priority: 1\nagi_enhanced: 0.0\nagi_accountcode: \n"
    "agi_threadid: 139\n\n";

static int commands[MOST];
static double began[MOST];
static double *took;
static int epoll_fd, port, started, finished, good;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static int start_call(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || fd >= MOST || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        perror("connect");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    commands[fd] = 0;
    began[fd] = now();
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    if (write(fd, ENVIRONMENT, sizeof ENVIRONMENT - 1) < 0) perror("write");
    started++;
    return fd;
}

static void serve(int fd, int answer) {
    static const char value[] = "200 result=1 (1)\n", plain[] = "200 result=1\n";
    char data[4096];
    ssize_t length = recv(fd, data, sizeof data, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) {
        took[finished++] = now() - began[fd];
        good += commands[fd] == COMMANDS;
        close(fd);
        return;
    }
    for (ssize_t i = 0; i < length; i++) {
        if (data[i] != '\n') continue;
        commands[fd]++;
        if (!answer) continue;
        const char *reply = data[0] == 'G' ? value : plain;
        if (send(fd, reply, strlen(reply), MSG_NOSIGNAL) < 0) perror("send");
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void wait_and_serve(int milliseconds, int answer) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll_fd, events, 256, milliseconds);
    for (int i = 0; i < count; i++) serve(events[i].data.fd, answer);
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    port = atoi(argv[1]);
    int calls = atoi(argv[3]), paced = !strcmp(argv[2], "paced"), idle = !strcmp(argv[2], "idle");
    double rate = argc > 4 ? atof(argv[4]) : calls, begin = now();
    took = calloc(calls + 1, sizeof *took);
    epoll_fd = epoll_create1(0);
    if (idle) {
        int reached = 0;
        for (int i = 0; i < calls; i++) {
            int fd = start_call();
            while (!commands[fd]) wait_and_serve(1000, 0);
            reached++;
        }
        printf("%d\n", reached);
        fflush(stdout);
        while (getchar() != EOF) {}
        return 0;
    }
    while (finished < calls) {
        int pause = 1000;
        if (!paced) {
            while (started < calls && started - finished < rate) start_call();
        } else if (started < calls) {
            double left = begin + started / rate - now();
            if (left <= 0) start_call();
            pause = left <= 0 ? 0 : (int)(left * 1000) + 1;
        }
        wait_and_serve(pause, 1);
    }
    double seconds = now() - begin;
    qsort(took, finished, sizeof *took, ascending);
    printf("%d %.0f %.0f %.3f\n", good, took[finished / 2] * 1e6, took[finished * 99 / 100] * 1e6, seconds);
    return 0;
}
