// shared helpers for load generators
#pragma once
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
static inline u64 now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u64)t.tv_sec * 1000000000ull + t.tv_nsec;
}
static void die(const char *m) {
  fprintf(stderr, "fatal: %s (%s)\n", m, strerror(errno));
  exit(1);
}
// log-linear histogram, ns: 64 sub-buckets per power of two
#define HB 64
static u64 hist[64 * HB];
static u64 hcount;
static inline void hrec(u64 v) {
  if (v < 1) v = 1;
  int e = 63 - __builtin_clzll(v);
  int sub = e >= 6 ? (int)((v >> (e - 6)) & 63) : (int)((v << (6 - e)) & 63);
  hist[e * HB + sub]++;
  hcount++;
}
static double hpct(double p) {
  if (!hcount) return 0;
  u64 want = (u64)(p * hcount);
  if (want >= hcount) want = hcount - 1;
  u64 c = 0;
  for (int i = 0; i < 64 * HB; i++) {
    c += hist[i];
    if (c > want) {
      int e = i / HB, s = i % HB;
      return (double)(1ull << e) * (1.0 + (s + 0.5) / 64.0);
    }
  }
  return 0;
}
static void hreset(void) {
  memset(hist, 0, sizeof hist);
  hcount = 0;
}
// process accounting
static int tpids[16], ntp = 0;
static void parse_pids(const char *s) {
  char b[256];
  strncpy(b, s, 255);
  b[255] = 0;
  for (char *p = strtok(b, ","); p; p = strtok(0, ","))
    if (ntp < 16) tpids[ntp++] = atoi(p);
}
static double cpu_ticks_s(void) {
  double tot = 0;
  long hz = sysconf(_SC_CLK_TCK);
  for (int i = 0; i < ntp; i++) {
    char f[64];
    snprintf(f, 64, "/proc/%d/stat", tpids[i]);
    FILE *fp = fopen(f, "r");
    if (!fp) continue;
    char b[2048];
    size_t n = fread(b, 1, 2047, fp);
    b[n] = 0;
    fclose(fp);
    char *p = strrchr(b, ')');
    if (!p) continue;
    unsigned long ut = 0, st = 0;
    sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &ut, &st);
    tot += (double)(ut + st) / hz;
  }
  return tot;
}
static double rss_mb(void) {
  double t = 0;
  for (int i = 0; i < ntp; i++) {
    char f[64];
    snprintf(f, 64, "/proc/%d/statm", tpids[i]);
    FILE *fp = fopen(f, "r");
    if (!fp) continue;
    long a = 0, r = 0;
    if (fscanf(fp, "%ld %ld", &a, &r) == 2) t += r * 4096.0 / 1048576.0;
    fclose(fp);
  }
  return t;
}
static double self_cpu(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_utime.tv_usec / 1e6 + r.ru_stime.tv_sec + r.ru_stime.tv_usec / 1e6;
}
static int tcp_connect(const char *h, int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = {0};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  inet_pton(AF_INET, h, &a.sin_addr);
  if (connect(fd, (void *)&a, sizeof a) < 0) die("connect");
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}
static void set_nb(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_NONBLOCK); }
