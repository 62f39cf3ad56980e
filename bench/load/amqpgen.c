// AMQP 1.0 load generator: N senders -> address -> M receivers. See README.
#include "common.h"
#define OBUF (256 * 1024)
#define IBUF (512 * 1024)
typedef struct {
  int fd, isrecv, id;
  u8 *ob;
  int ol, oo;
  u8 *ib;
  int il;
  int wantw;
  // sender
  u32 next_did;
  u32 dcount;
  u32 credit_limit;
  u32 win_limit;
  int have_credit;
  u64 sent, settled;
  u32 next_incoming;
  // receiver
  u32 rdcount;
  u32 rgranted;
  u32 d_first, d_last;
  int d_pending;
  u64 recv;
  u64 flows;
  u64 *sent_at;
} Conn;
static int ns = 1, nr = 1, unsettled = 0, durable = 0, size = 100, port = 5672, credit = 1000;
static long cap = 2000;
static double warm = 2, secs = 6;
static long rate = 0;
static const char *host = "127.0.0.1", *sa = "bench", *ra = 0, *mech = "ANONYMOUS", *label = "", *user = "guest",
                  *pass = "guest";
static int caps = 0;
static int ep, dbg = 0;
static Conn *S, *R;
static u64 sent, recvd, settled, lost, frames_in_reads, reads;
static u64 lastrecv;
static int measuring;
static u64 bad, ooo;
static u32 expq[64];
static long uwin = 1000;
// -n: so many messages, then the end. -A: latencies are from sending to the outcome, not to the receiver.
static long count = 0;
static int accept_latency = 0;
static u64 refused;
// Send times of unsettled messages, by delivery id: -W must be less.
#define SENT_AT 65536
// ---- encode
static u8 *wu32(u8 *p, u32 v) {
  p[0] = v >> 24;
  p[1] = v >> 16;
  p[2] = v >> 8;
  p[3] = v;
  return p + 4;
}
static u8 *e_uint(u8 *p, u32 v) {
  *p++ = 0x70;
  return wu32(p, v);
}
static u8 *e_null(u8 *p) {
  *p++ = 0x40;
  return p;
}
static u8 *e_bool(u8 *p, int b) {
  *p++ = b ? 0x41 : 0x42;
  return p;
}
static u8 *e_str(u8 *p, int code, const char *s) {
  int l = strlen(s);
  *p++ = code;
  *p++ = l;
  memcpy(p, s, l);
  return p + l;
}
static u8 *e_ubyte(u8 *p, int v) {
  *p++ = 0x50;
  *p++ = v;
  return p;
}
typedef struct {
  u8 *start, *lst;
} Fr;
static u8 *fr_begin(u8 *p, Fr *f, int type, int code) {
  f->start = p;
  p += 4;
  *p++ = 2;
  *p++ = type;
  *p++ = 0;
  *p++ = 0;
  *p++ = 0;
  *p++ = 0x53;
  *p++ = code;
  *p++ = 0xd0;
  f->lst = p;
  return p + 8;
}
static u8 *fr_end(u8 *p, Fr *f, int n) {
  wu32(f->lst, p - f->lst - 4);
  wu32(f->lst + 4, n);
  wu32(f->start, p - f->start);
  return p;
}
// ---- decode
static inline u32 ru32(const u8 *p) { return (u32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }
static const u8 *skip(const u8 *p) {
  u8 c = *p++;
  if (c == 0) {
    p = skip(p);
    return skip(p);
  }
  switch (c >> 4) {
  case 4:
    return p;
  case 5:
    return p + 1;
  case 6:
    return p + 2;
  case 7:
    return p + 4;
  case 8:
    return p + 8;
  case 9:
    return p + 16;
  case 0xa:
  case 0xc:
  case 0xe:
    return p + 1 + p[0];
  default:
    return p + 4 + ru32(p);
  }
}
static inline int rd_uint(const u8 **pp, u32 *v) {
  const u8 *p = *pp;
  u8 c = *p;
  switch (c) {
  case 0x43:
    *v = 0;
    *pp = p + 1;
    return 1;
  case 0x52:
    *v = p[1];
    *pp = p + 2;
    return 1;
  case 0x70:
    *v = ru32(p + 1);
    *pp = p + 5;
    return 1;
  default:
    *pp = skip(p);
    return 0;
  }
}
static const u8 *list_hdr(const u8 *p, int *n) {
  if (*p == 0x45) {
    *n = 0;
    return p + 1;
  }
  if (*p == 0xc0) {
    *n = p[2];
    return p + 3;
  }
  *n = ru32(p + 5);
  return p + 9;
}
static void blk_read(int fd, u8 *b, int n) {
  int o = 0;
  while (o < n) {
    int r = read(fd, b + o, n - o);
    if (r <= 0) die("handshake read (closed)");
    o += r;
  }
}
static int blk_frame(int fd, u8 *b) {
  blk_read(fd, b, 4);
  int l = ru32(b);
  blk_read(fd, b + 4, l - 4);
  return l;
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
      fprintf(stderr, "write err %s\n", strerror(errno));
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
static void put_flow(Conn *c) {
  u8 *p = c->ob + c->ol;
  Fr f;
  p = fr_begin(p, &f, 0, 0x13);
  p = e_uint(p, c->next_incoming);
  p = e_uint(p, 100000);
  p = e_uint(p, 0);
  p = e_uint(p, 100000);
  p = e_uint(p, 0);
  p = e_uint(p, c->rdcount);
  p = e_uint(p, credit);
  p = fr_end(p, &f, 7);
  c->ol = p - c->ob;
  c->rgranted = c->rdcount + credit;
  c->flows++;
}
static void put_dispo(Conn *c) {
  if (!c->d_pending) return;
  u8 *p = c->ob + c->ol;
  u8 *s = p;
  p += 4;
  *p++ = 2;
  *p++ = 0;
  *p++ = 0;
  *p++ = 0;
  *p++ = 0;
  *p++ = 0x53;
  *p++ = 0x15;
  *p++ = 0xc0;
  u8 *l = p;
  p += 2;
  p = e_bool(p, 1);
  p = e_uint(p, c->d_first);
  p = e_uint(p, c->d_last);
  p = e_bool(p, 1);
  *p++ = 0;
  *p++ = 0x53;
  *p++ = 0x24;
  *p++ = 0x45;
  l[0] = p - l - 1;
  l[1] = 5;
  wu32(s, p - s);
  c->ol = p - c->ob;
  c->d_pending = 0;
}
static void handle(Conn *c, const u8 *f, u32 len, u64 now) {
  const u8 *p = f + f[4] * 4;
  if (len <= 8) return;
  if (p[0] != 0) {
    return;
  }
  u32 code;
  p++;
  if (*p == 0x53) {
    code = p[1];
    p += 2;
  } else if (*p == 0x80) {
    code = p[8];
    p += 9;
  } else
    return;
  int n;
  const u8 *lp = p;
  const u8 *q = list_hdr(p, &n);
  u32 v;
  if (dbg) fprintf(stderr, "%s%d <- %02x len %u\n", c->isrecv ? "R" : "S", c->id, code, len);
  switch (code) {
  case 0x13: {
    u32 nii = 0, iw = 0, noi = 0, dc = 0, lc = 0;
    int h1, has = 0;
    h1 = rd_uint(&q, &nii);
    rd_uint(&q, &iw);
    rd_uint(&q, &noi);
    if (n > 3) rd_uint(&q, &v);
    if (n > 4) has = rd_uint(&q, &v);
    int hd = 0, hl = 0;
    if (n > 5) hd = rd_uint(&q, &dc);
    if (n > 6) hl = rd_uint(&q, &lc);
    int echo = 0;
    if (n > 7) q = skip(q);
    if (n > 8) q = skip(q);
    if (n > 9) echo = (*q == 0x41);
    if (!c->isrecv) {
      c->win_limit = (h1 ? nii : 0) + iw;
      if (iw > 0x7fffffff) c->win_limit = c->next_did + 0x7fffffff;
      if (has && hl) {
        c->credit_limit = (hd ? dc : 0) + lc;
        c->have_credit = 1;
      }
    } else if (echo) {
      put_flow(c);
    }
    break;
  }
  case 0x14: {
    c->next_incoming++;
    u32 h = 0, did = 0;
    rd_uint(&q, &h);
    int hasd = n > 1 ? rd_uint(&q, &did) : 0;
    int st = 0;
    if (n > 2) q = skip(q);
    if (n > 3) q = skip(q);
    if (n > 4) {
      st = (*q == 0x41) || (*q == 0x56 && q[1]);
      q = skip(q);
    }
    int more = 0;
    if (n > 5) {
      more = (*q == 0x41) || (*q == 0x56 && q[1]);
    }
    if (more) break;
    const u8 *b = f + len - size;
    u64 ts;
    memcpy(&ts, b, 8);
    if (b[8] != 'x') {
      fprintf(stderr, "payload not last; frame len %u\n", len);
      exit(4);
    }
    {
      u32 pi, sq;
      memcpy(&pi, b + 12, 4);
      memcpy(&sq, b + 16, 4);
      if (pi < 64) {
        if (sq != expq[pi]) ooo++;
        expq[pi] = sq + 1;
      } else
        bad++;
      if (b[size - 1] != 'x') bad++;
    }
    if (measuring && !accept_latency) hrec(now - ts);
    recvd++;
    c->recv++;
    c->rdcount++;
    lastrecv = now;
    if (!st && hasd) {
      if (!c->d_pending) {
        c->d_first = did;
        c->d_pending = 1;
      }
      c->d_last = did;
    }
    break;
  }
  case 0x15: {
    if (c->isrecv) break;
    u32 a = 0, b = 0;
    int role = (*q == 0x41) || (*q == 0x56 && q[1]);
    q = skip(q);
    rd_uint(&q, &a);
    b = a;
    if (n > 2) {
      u32 t;
      if (rd_uint(&q, &t)) b = t;
    }
    int st = 0;
    if (n > 3) {
      st = (*q == 0x41) || (*q == 0x56 && q[1]);
      q = skip(q);
    }
    if (n > 4 && *q == 0) {
      const u8 *z = q + 1;
      int oc = *z == 0x53 ? z[1] : z[8];
      if (oc != 0x24) {
        if (refused == 0) fprintf(stderr, "outcome %x\n", oc);
        refused += b - a + 1;
      }
    }
    if (role) {
      u32 k = b - a + 1;
      if (accept_latency && measuring)
        for (u32 i = a; i != b + 1; i++) hrec(now - c->sent_at[i % SENT_AT]);
      c->settled += k;
      settled += k;
      if (!st) { /* settle back */
        u8 *o = c->ob + c->ol;
        u8 *s = o;
        o += 4;
        *o++ = 2;
        *o++ = 0;
        *o++ = 0;
        *o++ = 0;
        *o++ = 0;
        *o++ = 0x53;
        *o++ = 0x15;
        *o++ = 0xc0;
        u8 *l = o;
        o += 2;
        o = e_bool(o, 0);
        o = e_uint(o, a);
        o = e_uint(o, b);
        o = e_bool(o, 1);
        *o++ = 0;
        *o++ = 0x53;
        *o++ = 0x24;
        *o++ = 0x45;
        l[0] = o - l - 1;
        l[1] = 5;
        wu32(s, o - s);
        c->ol = o - c->ob;
      }
    }
    break;
  }
  case 0x16:
  case 0x17:
  case 0x18: {
    fprintf(stderr, "%s%d got code %x: ", c->isrecv ? "recv" : "send", c->id, code);
    for (u32 i = 0; i < len && i < 400; i++) fputc(f[i] >= 32 && f[i] < 127 ? f[i] : '.', stderr);
    fputc('\n', stderr);
    exit(5);
  }
  default:
    (void)lp;
    break;
  }
}
static void on_read(Conn *c) {
  int r = read(c->fd, c->ib + c->il, IBUF - c->il);
  if (r <= 0) {
    if (r < 0 && errno == EAGAIN) return;
    fprintf(stderr, "%s%d closed by broker\n", c->isrecv ? "recv" : "send", c->id);
    exit(3);
  }
  c->il += r;
  reads++;
  u64 now = now_ns();
  int o = 0;
  while (c->il - o >= 8) {
    u32 l = ru32(c->ib + o);
    if (l > IBUF) {
      fprintf(stderr, "bad frame len %u\n", l);
      exit(6);
    }
    if ((u32)(c->il - o) < l) break;
    handle(c, c->ib + o, l, now);
    o += l;
  }
  if (o) {
    memmove(c->ib, c->ib + o, c->il - o);
    c->il -= o;
  }
  if (c->isrecv) {
    put_dispo(c);
    if ((int)(c->rgranted - c->rdcount) <= credit / 2) put_flow(c);
  }
  if (c->ol && !c->wantw) flush_c(c);
}
static void wr(int fd, const void *b, int l) {
  if (write(fd, b, l) != l) die("hs write");
}
static void hs(Conn *c) {
  u8 b[65536];
  u8 o[2048];
  Fr f;
  u8 *p;
  wr(c->fd, "AMQP\3\1\0\0", 8);
  blk_read(c->fd, b, 8);
  if (memcmp(b, "AMQP\3\1\0\0", 8)) {
    fprintf(stderr, "bad sasl hdr\n");
    exit(1);
  }
  blk_frame(c->fd, b);
  p = fr_begin(o, &f, 1, 0x41);
  p = e_str(p, 0xa3, mech);
  if (!strcmp(mech, "PLAIN")) {
    *p++ = 0xa0;
    int ul = strlen(user), pl = strlen(pass);
    *p++ = ul + pl + 2;
    *p++ = 0;
    memcpy(p, user, ul);
    p += ul;
    *p++ = 0;
    memcpy(p, pass, pl);
    p += pl;
  } else {
    *p++ = 0xa0;
    *p++ = 4;
    memcpy(p, "anon", 4);
    p += 4;
  }
  p = fr_end(p, &f, 2);
  wr(c->fd, o, p - o);
  blk_frame(c->fd, b);
  wr(c->fd, "AMQP\0\1\0\0", 8);
  char id[64];
  snprintf(id, 64, "gen-%c%d-%d", c->isrecv ? 'r' : 's', c->id, getpid());
  p = fr_begin(o, &f, 0, 0x10);
  p = e_str(p, 0xa1, id);
  p = e_str(p, 0xa1, host);
  p = e_uint(p, 65536);
  *p++ = 0x60;
  *p++ = 0;
  *p++ = 10;
  p = fr_end(p, &f, 4);
  Fr g;
  p = fr_begin(p, &g, 0, 0x11);
  p = e_null(p);
  p = e_uint(p, 0);
  p = e_uint(p, 100000);
  p = e_uint(p, 100000);
  p = fr_end(p, &g, 4);
  wr(c->fd, o, p - o);
  blk_read(c->fd, b, 8);
  if (memcmp(b, "AMQP\0\1\0\0", 8)) {
    fprintf(stderr, "bad amqp hdr\n");
    exit(1);
  }
  // read open & begin
  u32 r_iw = 0, r_noi = 0;
  for (int k = 0; k < 2;) {
    int l = blk_frame(c->fd, b);
    if (l <= 8) continue;
    const u8 *q = b + b[4] * 4 + 1;
    int code = *q == 0x53 ? q[1] : q[8];
    q += *q == 0x53 ? 2 : 9;
    if (code == 0x10)
      k++;
    else if (code == 0x11) {
      int n;
      const u8 *z = list_hdr(q, &n);
      z = skip(z);
      rd_uint(&z, &r_noi);
      rd_uint(&z, &r_iw);
      c->next_incoming = r_noi;
      c->win_limit = r_iw > 0x7fffffff ? 0x7fffffff : r_iw;
      k++;
    } else {
      fprintf(stderr, "unexpected perf %x: ", code);
      for (int i = 0; i < l && i < 300; i++) fputc(b[i] >= 32 && b[i] < 127 ? b[i] : '.', stderr);
      exit(1);
    }
  }
  const char *addr = c->isrecv ? ra : sa;
  p = fr_begin(o, &f, 0, 0x12);
  p = e_str(p, 0xa1, id);
  p = e_uint(p, 0);
  p = e_bool(p, c->isrecv);
  p = e_ubyte(p, unsettled ? 0 : 1);
  p = e_ubyte(p, 0);
  for (int k = 0; k < 2; k++) {
    *p++ = 0;
    *p++ = 0x53;
    *p++ = k ? 0x29 : 0x28;
    *p++ = 0xd0;
    u8 *l = p;
    p += 8;
    p = e_str(p, 0xa1, addr);
    int n = 1;
    if (caps) {
      p = e_uint(p, durable ? 2 : 0);
      p = e_null(p);
      p = e_null(p);
      p = e_null(p);
      p = e_null(p);
      n = 6;
      if (!k) {
        p = e_null(p);
        p = e_null(p);
        p = e_null(p);
        p = e_null(p);
        n = 10;
      }
      p = e_str(p, 0xa3, "queue");
      n = k ? 7 : 11; /* dyn-node-props then capabilities: handled positions */
    }
    wu32(l, p - l - 4);
    wu32(l + 4, n);
  }
  p = e_null(p);
  p = e_null(p);
  p = e_uint(p, 0);
  p = fr_end(p, &f, 10);
  wr(c->fd, o, p - o);
  // read attach
  for (;;) {
    int l = blk_frame(c->fd, b);
    if (l <= 8) continue;
    const u8 *q = b + b[4] * 4 + 1;
    int code = *q == 0x53 ? q[1] : q[8];
    if (code == 0x12) {
      break;
    }
    if (code == 0x13) {
      handle(c, b, l, 0);
      continue;
    }
    fprintf(stderr, "no attach, code %x: ", code);
    for (int i = 0; i < l && i < 300; i++) fputc(b[i] >= 32 && b[i] < 127 ? b[i] : '.', stderr);
    fputc('\n', stderr);
    exit(1);
  }
}
static int add_msg(Conn *c, u64 ts) {
  if (c->ol + size + 80 > OBUF) return 0;
  u8 *s = c->ob + c->ol, *p = s + 4;
  *p++ = 2;
  *p++ = 0;
  *p++ = 0;
  *p++ = 0;
  *p++ = 0;
  *p++ = 0x53;
  *p++ = 0x14;
  *p++ = 0xc0;
  u8 *l = p;
  p += 2;
  *p++ = 0x43;
  p = e_uint(p, c->next_did);
  *p++ = 0xa0;
  *p++ = 4;
  p = wu32(p, c->next_did);
  *p++ = 0x43;
  p = e_bool(p, !unsettled);
  l[0] = p - l - 1;
  l[1] = 5;
  if (durable) {
    memcpy(p, "\0\x53\x70\xc0\2\1\x41", 7);
    p += 7;
  }
  *p++ = 0;
  *p++ = 0x53;
  *p++ = 0x75;
  if (size < 256) {
    *p++ = 0xa0;
    *p++ = size;
  } else {
    *p++ = 0xb0;
    p = wu32(p, size);
  }
  memcpy(p, &ts, 8);
  memset(p + 8, 'x', size - 8);
  c->sent_at[c->next_did % SENT_AT] = ts;
  {
    u32 sq = (u32)c->sent;
    memcpy(p + 12, &c->id, 4);
    memcpy(p + 16, &sq, 4);
  }
  p += size;
  wu32(s, p - s);
  c->ol = p - c->ob;
  c->next_did++;
  c->dcount++;
  c->sent++;
  sent++;
  return 1;
}
static long room(Conn *c) {
  if (!c->have_credit || c->wantw) return 0;
  long r = (int)(c->credit_limit - c->dcount);
  long w = (int)(c->win_limit - c->next_did);
  if (w < r) r = w;
  if (unsettled) {
    long u = uwin - (long)(c->sent - c->settled);
    if (u < r) r = u;
  }
  return r;
}
static void poll_all(int timeout_ms) {
  struct epoll_event ev[128];
  int n = epoll_wait(ep, ev, 128, timeout_ms);
  for (int i = 0; i < n; i++) {
    Conn *c = ev[i].data.ptr;
    if (ev[i].events & EPOLLOUT) flush_c(c);
    if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_read(c);
  }
}
// Sends `count` messages until each has its outcome, or receives so many, or both; nothing for 20 s ends it.
static void run_count(void) {
  u64 began = now_ns(), progress_at = began, progress = 0;
  double c0 = cpu_ticks_s(), g0 = self_cpu();
  measuring = 1;
  int rr = 0;
  while ((ns && (unsettled ? settled : sent) < (u64)count) || (nr && recvd < (u64)count)) {
    int busy = 0;
    for (int k = 0; k < ns && sent < (u64)count; k++) {
      Conn *c = &S[rr++ % ns];
      long n = room(c);
      if (n > 400) n = 400;
      if (n > count - (long)sent) n = count - (long)sent;
      u64 now = now_ns();
      for (long i = 0; i < n; i++)
        if (!add_msg(c, now)) break;
      if (c->ol && !c->wantw) {
        flush_c(c);
        busy = n > 0;
      }
    }
    poll_all(busy ? 0 : 100);
    if (sent + settled + recvd != progress) {
      progress = sent + settled + recvd;
      progress_at = now_ns();
    } else if (now_ns() - progress_at > 20000000000ull)
      break;
  }
  double dt = (now_ns() - began) / 1e9;
  u64 done = nr ? recvd : unsettled ? settled : sent;
  printf("{\"label\":\"%s\",\"proto\":\"amqp\",\"count\":%ld,\"seconds\":%.3f,\"recv_per_s\":%.0f,\"p50_us\":%.0f,\"p99_us\":"
         "%.0f,\"p999_us\":%.0f,\"cpu_us_per_recv\":%.2f,\"gen_cpu_pct\":%.0f,\"rss_mb\":%.0f,\"lost\":%lu,\"bad\":%lu,\"gaps\":"
         "%lu,\"refused\":%lu}\n",
         label, count, dt, done / dt, hpct(.5) / 1e3, hpct(.99) / 1e3, hpct(.999) / 1e3,
         done ? (cpu_ticks_s() - c0) * 1e6 / done : 0, (self_cpu() - g0) / dt * 100, rss_mb(),
         (unsigned long)(done < (u64)count ? count - done : 0), (unsigned long)bad, (unsigned long)ooo,
         (unsigned long)refused);
}
int main(int ac, char **av) {
  int o;
  const char *pids = 0;
  while ((o = getopt(ac, av, "h:p:S:R:a:b:s:w:t:C:c:r:T:L:m:W:n:uUdDKA")) != -1) switch (o) {
    case 'n':
      count = atol(optarg);
      break;
    case 'A':
      accept_latency = 1;
      break;
    case 'h':
      host = optarg;
      break;
    case 'p':
      port = atoi(optarg);
      break;
    case 'S':
      ns = atoi(optarg);
      break;
    case 'R':
      nr = atoi(optarg);
      break;
    case 'a':
      sa = optarg;
      break;
    case 'b':
      ra = optarg;
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
    case 'C':
      cap = atol(optarg);
      break;
    case 'c':
      credit = atoi(optarg);
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
    case 'm':
      mech = optarg;
      break;
    case 'W':
      uwin = atol(optarg);
      break;
    case 'u':
      unsettled = 1;
      break;
    case 'd':
      durable = 1;
      break;
    case 'D':
      dbg = 1;
      break;
    case 'K':
      caps = 1;
      break;
    default:
      exit(1);
    }
  if (!ra) ra = sa;
  if (pids) parse_pids(pids);
  signal(SIGPIPE, SIG_IGN);
  ep = epoll_create1(0);
  S = calloc(ns, sizeof(Conn));
  R = calloc(nr, sizeof(Conn));
  for (int k = 0; k < 2; k++) {
    int n = k ? ns : nr;
    Conn *a = k ? S : R;
    for (int i = 0; i < n; i++) {
      Conn *c = &a[i];
      c->id = i;
      c->isrecv = !k;
      c->ob = malloc(OBUF + 65536);
      c->ib = malloc(IBUF);
      c->sent_at = c->isrecv ? 0 : calloc(SENT_AT, sizeof(u64));
      c->fd = tcp_connect(host, port);
      hs(c);
      set_nb(c->fd);
      struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
      epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
      if (!k) {
        put_flow(c);
        flush_c(c);
      }
    }
  }
  if (count) {
    run_count();
    return 0;
  }
  // drain any leftovers for 300ms
  struct epoll_event ev[128];
  u64 ds = now_ns();
  while (now_ns() - ds < 500000000ull) {
    int n = epoll_wait(ep, ev, 128, 20);
    for (int i = 0; i < n; i++) {
      Conn *c = ev[i].data.ptr;
      if (ev[i].events & EPOLLOUT) flush_c(c);
      on_read(c);
    }
  }
  if (recvd) fprintf(stderr, "drained %lu leftovers\n", (unsigned long)recvd);
  recvd = 0;
  int tfd = -1;
  if (rate) {
    tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    long nsn = 1000000000L / rate;
    if (nsn < 100000) nsn = 100000;
    struct itimerspec it = {{nsn / 1000000000, nsn % 1000000000}, {nsn / 1000000000, nsn % 1000000000}};
    timerfd_settime(tfd, 0, &it, 0);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = 0};
    epoll_ctl(ep, EPOLL_CTL_ADD, tfd, &e);
  }
  u64 t0 = now_ns(), tm = t0 + (u64)(warm * 1e9), te = tm + (u64)(secs * 1e9);
  lastrecv = t0;
  u64 r0 = 0, s0 = 0, st0 = 0;
  double c0 = 0, g0 = 0;
  u64 tms = 0;
  int rr = 0;
  u64 sch = 0;
  for (;;) {
    u64 now = now_ns();
    if (!measuring && now >= tm) {
      measuring = 1;
      hreset();
      r0 = recvd;
      s0 = sent;
      st0 = settled;
      c0 = cpu_ticks_s();
      g0 = self_cpu();
      tms = now_ns();
    }
    if (now >= te) break;
    int prog = 0;
    if (rate) {
      u64 due = (u64)((now - t0) / 1e9 * rate);
      while (sch < due) {
        Conn *c = &S[rr++ % ns];
        if (room(c) <= 0) break;
        if (!add_msg(c, now_ns())) break;
        flush_c(c);
        sch++;
      }
    } else {
      long out = (long)sent - (long)recvd - (long)lost;
      if (out >= cap && now - lastrecv > 2000000000ull) {
        lost += out;
        out = 0;
        lastrecv = now;
      }
      long rm = cap - out;
      for (int k = 0; k < ns && rm > 0; k++) {
        Conn *c = &S[rr++ % ns];
        long n = room(c);
        if (n > rm) n = rm;
        if (n > 400) n = 400;
        for (long i = 0; i < n; i++)
          if (!add_msg(c, now)) break;
        rm -= n;
        if (c->ol && !c->wantw) {
          flush_c(c);
          prog = n > 0;
        }
      }
    }
    int n = epoll_wait(ep, ev, 128, prog ? 0 : 100);
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
  u64 rec = recvd - r0;
  // What is still under way must arrive, within two seconds of the last that did; the rest is lost.
  lastrecv = now_ns();
  while (nr && recvd < sent && now_ns() - lastrecv < 2000000000ull) {
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
  lost = nr && sent > recvd ? sent - recvd : 0;

  printf("{\"label\":\"%s\",\"proto\":\"amqp\",\"unsettled\":%d,\"durable\":%d,\"rate\":%ld,\"recv_per_s\":%.0f,\"sent_"
         "per_s\":%.0f,\"settled_per_s\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"p999_us\":%.0f,\"cpu_us_per_recv\":%."
         "2f,\"cpu_pct\":%.0f,\"gen_cpu_pct\":%.0f,\"rss_mb\":%.0f,\"lost\":%lu,\"bad\":%lu,\"gaps\":%lu,\"refused\":%lu}\n",
         label, unsettled, durable, rate, rec / dt, (sent - s0) / dt, (settled - st0) / dt, hpct(.5) / 1e3,
         hpct(.99) / 1e3, hpct(.999) / 1e3, rec ? dc * 1e6 / rec : 0, dc / dt * 100, dg / dt * 100, rss_mb(),
         (unsigned long)lost, (unsigned long)bad, (unsigned long)ooo, (unsigned long)refused);
  return 0;
}
