/* The limit: the same ten commands from a FastAGI server that does nothing else, in C on epoll. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define COMMANDS 10
#define MOST 65536

static struct { int started, sent; char last; } sessions[MOST];

static void next_command(int fd) {
    static const char set[] = "SET VARIABLE \"X\" \"1\"\n", get[] = "GET VARIABLE \"X\"\n";
    int number = sessions[fd].sent++;
    if (number == COMMANDS) {
        close(fd);
        return;
    }
    const char *line = number % 2 ? get : set;
    if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0) close(fd);
}

static void serve(int fd) {
    char data[16384];
    ssize_t length = recv(fd, data, sizeof data, 0);
    if (length <= 0) {
        close(fd);
        return;
    }
    for (ssize_t i = 0; i < length; i++) {
        if (data[i] == '\n' && (sessions[fd].started || sessions[fd].last == '\n')) {
            sessions[fd].started = 1;
            next_command(fd);
        }
        sessions[fd].last = data[i];
    }
}

int main(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll_fd = epoll_create1(0), one = 1;
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1024) < 0) return 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != listener) {
                serve(events[i].data.fd);
                continue;
            }
            int fd = accept(listener, 0, 0);
            if (fd < 0 || fd >= MOST) continue;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            memset(&sessions[fd], 0, sizeof sessions[fd]);
            event.data.fd = fd;
            epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
        }
    }
}
