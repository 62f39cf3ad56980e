// MQTT 3.1.1 load generator. See README.
#include "common.h"
#define OBUF (256 * 1024)
#define IBUF (256 * 1024)
typedef struct {
  int fd, id, issub;
  u8 *ob;
  int ol, oo;
  u8 *ib;
  int il;
  u32 pid;
  u64 sent, acked;
  int wantw;
  u8 hdr[256];
  int hlen;
  char topic[64];
  u64 recv;
  u32 *exp;
} Conn;
static int npub = 1, nsub = 1, qos = 0, size = 100, port = 1883, window = 100;
static long cap = 2000;
static double warm = 2, secs = 6;
static long rate = 0;
static const char *host = "127.0.0.1";
static int shared = 0, clean = 1, bulk = 0;
static const char *label = "";
static int ep;
static Conn *pubs, *subs;
static u64 sent = 0, recvd = 0, acked = 0, lost = 0, dups = 0;
static u64 lastrecv;
static int measuring = 0;
static u64 bad = 0, ooo = 0;
static int put_rl(u8 *p, int n) {
  int i = 0;
  do {
    u8 d = n & 127;
    n >>= 7;
    if (n) d |= 128;
    p[i++] = d;
  } while (n);
  return i;
}
static void blk_read(int fd, u8 *b, int n) {
  int o = 0;
  while (o < n) {
    int r = read(fd, b + o, n - o);
    if (r <= 0) die("handshake read");
    o += r;
  }
}
static void handshake(Conn *c) {
  u8 b[256];
  int l = 0;
  char cid[32];
  snprintf(cid, 32, "%c%d-%d", c->issub ? 's' : 'p', c->id, getpid());
  int cl = strlen(cid);
  b[l++] = 0x10;
  l += put_rl(b + l, 10 + 2 + cl);
  memcpy(b + l, "\0\4MQTT\4", 7);
  l += 7;
  // Only subscribers keep a session: it is where messages wait.
  b[l++] = clean || !c->issub ? 2 : 0;
  b[l++] = 0;
  b[l++] = 120;
  b[l++] = 0;
  b[l++] = cl;
  memcpy(b + l, cid, cl);
  l += cl;
  if (write(c->fd, b, l) != l) die("w");
  u8 r[5];
  blk_read(c->fd, r, 4);
  if (r[0] != 0x20 || r[3] != 0) {
    fprintf(stderr, "connack %d\n", r[3]);
    exit(1);
  }
  if (c->issub) {
    const char *f;
    char tb[64];
    f = npub > 1 ? "dev/+/temp" : "bench/t";
    (void)tb;
    int fl = strlen(f);
    l = 0;
    b[l++] = 0x82;
    l += put_rl(b + l, 2 + 2 + fl + 1);
    b[l++] = 0;
    b[l++] = 1;
    b[l++] = 0;
    b[l++] = fl;
    memcpy(b + l, f, fl);
    l += fl;
    b[l++] = qos;
    if (write(c->fd, b, l) != l) die("w");
    blk_read(c->fd, r, 5);
    if (r[0] != 0x90 || r[4] > 2) {
      fprintf(stderr, "suback %x %x\n", r[0], r[4]);
      exit(1);
    }
  }
}
static void flush_c(Conn *c) {
  while (c->oo < c->ol) {
    int w = write(c->fd, c->ob + c->oo, c->ol - c->oo);
    if (w < 0) {
      if (errno == EAGAIN) {
        if (!c->wantw) {
          struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
          epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
          c->wantw = 1;
        }
        return;
      }
      fprintf(stderr, "write err %s pub%d\n", strerror(errno), c->id);
      exit(2);
    }
    c->oo += w;
  }
  c->oo = c->ol = 0;
  if (c->wantw) {
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
    c->wantw = 0;
  }
}
static void on_read(Conn *c) {
  int r = read(c->fd, c->ib + c->il, IBUF - c->il);
  if (r <= 0) {
    if (r < 0 && errno == EAGAIN) return;
    fprintf(stderr, "conn %s%d closed by broker\n", c->issub ? "sub" : "pub", c->id);
    exit(3);
  }
  c->il += r;
  u64 now = now_ns();
  int o = 0;
  u8 *p = c->ib;
  int end = c->il;
  while (end - o >= 2) {
    int m = o + 1;
    int rl = 0, sh = 0;
    int ok = 0;
    while (m < end && sh < 28) {
      u8 d = p[m++];
      rl |= (d & 127) << sh;
      sh += 7;
      if (!(d & 128)) {
        ok = 1;
        break;
      }
    }
    if (!ok) break;
    if (end - m < rl) break;
    u8 t = p[o] >> 4;
    if (t == 3) {
      int tl = p[m] << 8 | p[m + 1];
      int q = m + 2 + tl;
      int pq = (p[o] >> 1) & 3;
      if (pq) {
        u8 *a = c->ob + c->ol;
        a[0] = 0x40;
        a[1] = 2;
        a[2] = p[q];
        a[3] = p[q + 1];
        c->ol += 4;
        q += 2;
      }
      u64 ts;
      memcpy(&ts, p + q, 8);
      u32 pi, sq;
      memcpy(&pi, p + q + 8, 4);
      memcpy(&sq, p + q + 12, 4);
      if (p[o + rl + (m - o) - 1] != 'x' || pi >= (u32)npub) {
        bad++;
      } else {
        u32 *ex = &c->exp[pi];
        if (sq != *ex) ooo++;
        *ex = sq + 1;
      }
      if (measuring) hrec(now - ts);
      recvd++;
      c->recv++;
      if (p[o] & 8) dups++;
      lastrecv = now;
    } else if (t == 4) {
      c->acked++;
      acked++;
    }
    o = m + rl;
  }
  if (o) {
    memmove(p, p + o, end - o);
    c->il = end - o;
  }
  if (c->issub && c->ol && !c->wantw) flush_c(c);
}
static int add_msg(Conn *c, u64 ts) {
  if (c->ol + c->hlen + size + 8 > OBUF) return 0;
  u8 *b = c->ob + c->ol;
  memcpy(b, c->hdr, c->hlen);
  int l = c->hlen;
  if (qos) {
    c->pid = c->pid % 65535 + 1;
    b[l++] = c->pid >> 8;
    b[l++] = c->pid;
  }
  memset(b + l + 16, 'x', size - 16);
  memcpy(b + l, &ts, 8);
  u32 sq = (u32)c->sent;
  memcpy(b + l + 8, &c->id, 4);
  memcpy(b + l + 12, &sq, 4);
  l += size;
  c->ol += l;
  c->sent++;
  sent++;
  return 1;
}
int main(int ac, char **av) {
  int o;
  const char *pids = 0;
  while ((o = getopt(ac, av, "h:p:P:S:q:s:w:t:W:C:r:T:L:k")) != -1) switch (o) {
    case 'h':
      host = optarg;
      break;
    case 'p':
      port = atoi(optarg);
      break;
    case 'P':
      npub = atoi(optarg);
      break;
    case 'S':
      nsub = atoi(optarg);
      break;
    case 'q':
      qos = atoi(optarg);
      break;
    case 's':
      size = atoi(optarg);
      break;
    case 'w':
      warm = atof(optarg);
      break;
    case 't':
      secs = atof(optarg);
      break;
    case 'W':
      window = atoi(optarg);
      break;
    case 'C':
      cap = atol(optarg);
      break;
    case 'r':
      rate = atol(optarg);
      break;
    case 'T':
      pids = optarg;
      break;
    case 'L':
      label = optarg;
      break;
    case 'k':
      clean = 0;
      break;
    default:
      exit(1);
    }
  if (pids) parse_pids(pids);
  signal(SIGPIPE, SIG_IGN);
  ep = epoll_create1(0);
  pubs = calloc(npub, sizeof(Conn));
  subs = calloc(nsub ? nsub : 1, sizeof(Conn));
  for (int k = 0; k < 2; k++) {
    int n = k ? npub : nsub;
    Conn *a = k ? pubs : subs;
    for (int i = 0; i < n; i++) {
      Conn *c = &a[i];
      c->id = i;
      c->issub = !k;
      c->ob = malloc(OBUF + 4096);
      c->ib = malloc(IBUF);
      c->exp = calloc(npub, 4);
      c->fd = tcp_connect(host, port);
      handshake(c);
      set_nb(c->fd);
      struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
      epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
      if (k) {
        if (npub > 1)
          snprintf(c->topic, 64, "dev/%d/temp", i);
        else
          strcpy(c->topic, "bench/t");
        int tl = strlen(c->topic);
        int l = 0;
        c->hdr[l++] = 0x30 | (qos << 1);
        l += put_rl(c->hdr + l, 2 + tl + (qos ? 2 : 0) + size);
        c->hdr[l++] = 0;
        c->hdr[l++] = tl;
        memcpy(c->hdr + l, c->topic, tl);
        c->hlen = l + tl;
      }
    }
  }
  usleep(200000);
  int tfd = -1;
  if (rate) {
    tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    long ns = 1000000000L / rate;
    if (ns < 100000) ns = 100000;
    struct itimerspec it = {{ns / 1000000000, ns % 1000000000}, {ns / 1000000000, ns % 1000000000}};
    timerfd_settime(tfd, 0, &it, 0);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = 0};
    epoll_ctl(ep, EPOLL_CTL_ADD, tfd, &e);
  }
  u64 t0 = now_ns(), tm = t0 + (u64)(warm * 1e9), te = tm + (u64)(secs * 1e9);
  lastrecv = t0;
  u64 r0 = 0, s0 = 0;
  double c0 = 0, g0 = 0;
  u64 tms = 0;
  int rr = 0;
  u64 scheduled = 0;
  int ns_ = nsub ? nsub : 1;
  struct epoll_event ev[128];
  for (;;) {
    u64 now = now_ns();
    if (!measuring && now >= tm) {
      measuring = 1;
      hreset();
      r0 = recvd;
      s0 = sent;
      c0 = cpu_ticks_s();
      g0 = self_cpu();
      tms = now_ns();
    }
    if (now >= te) break;
    // pump
    int progressed = 0;
    if (rate) {
      u64 due = (u64)((now - t0) / 1e9 * rate);
      while (scheduled < due) {
        Conn *c = &pubs[rr++ % npub];
        if (!add_msg(c, now_ns())) break;
        flush_c(c);
        scheduled++;
      }
    } else {
      long out = (long)sent - (long)(recvd / ns_) - (long)lost;
      if (out >= cap && now - lastrecv > 1000000000ull) {
        lost += out;
        out = 0;
        lastrecv = now;
      }
      if (npub == 1) {
        Conn *c = pubs;
        if (!c->wantw) {
          long room = cap - out;
          if (qos) {
            long w = window - (long)(c->sent - c->acked);
            if (w < room) room = w;
          }
          if (room > 400) room = 400;
          u64 ts = now;
          for (long i = 0; i < room; i++)
            if (!add_msg(c, ts)) break;
          if (c->ol) {
            flush_c(c);
            progressed = room > 0;
          }
        }
      } else {
        long room = cap - out;
        long per = room / npub;
        if (per < 1) per = room > 0 ? 1 : 0;
        if (per > 50) per = 50;
        if (per)
          for (int k = 0; k < npub && room > 0; k++) {
            Conn *c = &pubs[rr++ % npub];
            if (c->wantw) continue;
            long n = per;
            if (qos) {
              long w = window - (long)(c->sent - c->acked);
              if (w < n) n = w;
            }
            if (n > room) n = room;
            u64 ts = now;
            for (long i = 0; i < n; i++)
              if (!add_msg(c, ts)) break;
            room -= n;
            if (c->ol) {
              flush_c(c);
              progressed = 1;
            }
          }
      }
    }
    int n = epoll_wait(ep, ev, 128, progressed ? 0 : (rate ? 100 : 100));
    for (int i = 0; i < n; i++) {
      Conn *c = ev[i].data.ptr;
      if (!c) {
        u64 x;
        if (read(tfd, &x, 8) < 0) {
        }
        continue;
      }
      if (ev[i].events & EPOLLOUT) flush_c(c);
      if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_read(c);
    }
  }
  u64 tend = now_ns();
  double dt = (tend - tms) / 1e9;
  double dc = cpu_ticks_s() - c0, dg = self_cpu() - g0;
  u64 rec = recvd - r0, sn = sent - s0;
  // What is still under way must arrive, within two seconds of the last that did; the rest is lost.
  lastrecv = now_ns();
  while (recvd < sent * ns_ && now_ns() - lastrecv < 2000000000ull) {
    int n = epoll_wait(ep, ev, 128, 50);
    for (int i = 0; i < n; i++) {
      Conn *c = ev[i].data.ptr;
      if (!c) {
        u64 x;
        if (read(tfd, &x, 8) < 0) continue;
        continue;
      }
      if (ev[i].events & EPOLLOUT) flush_c(c);
      if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_read(c);
    }
  }
  lost = sent * ns_ > recvd ? sent * ns_ - recvd : 0;

  double mps = rec / dt;
  printf("{\"label\":\"%s\",\"proto\":\"mqtt\",\"qos\":%d,\"pubs\":%d,\"subs\":%d,\"rate\":%ld,\"recv_per_s\":%.0f,"
         "\"sent_per_s\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"p999_us\":%.0f,\"cpu_us_per_recv\":%.2f,\"cpu_pct\":%."
         "0f,\"gen_cpu_pct\":%.0f,\"rss_mb\":%.0f,\"lost\":%lu,\"dups\":%lu,\"bad\":%lu,\"gaps\":%lu}\n",
         label, qos, npub, nsub, rate, mps, sn / dt, hpct(.5) / 1e3, hpct(.99) / 1e3, hpct(.999) / 1e3,
         rec ? dc * 1e6 / rec : 0, dc / dt * 100, dg / dt * 100, rss_mb(), (unsigned long)lost, (unsigned long)dups,
         (unsigned long)bad, (unsigned long)ooo);
  return 0;
}
