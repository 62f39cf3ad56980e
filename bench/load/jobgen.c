// Load for the main job: MQTT 3.1.1 publishers that send temperatures, and one subscriber that takes the job's results.
//
// One thread, one process, so one clock. Every packet is laid out before the run; a write hands the kernel as many
// whole packets as fit, so the generator costs little more than its system calls. It keeps a ledger: how many readings
// it wrote, their sum, and how many the broker acknowledged. The job's results carry count, sum and maximum of each
// window, so after the run "nothing lost" is arithmetic: the counts and the sums over all windows must be equal to the
// ledger's.
//
// A result is a JSON object with "window_end", "readings", "total", "maximum", and "job" when several jobs run.
// This is no MQTT client: it knows only the packets it needs, and ends with a message at the first that it does not
// expect.
#include "common.h"
#include "mqtt.h"
#include "result.h"
#include <stdbool.h>

enum { PACKETS = 4000, JOBS_MAX = 1000, WINDOWS_MAX = 4096, INPUT_BYTES = 1 << 20, BODY_DIGITS = 3 };

typedef struct {
  int fd;
  u8 *block;    // PACKETS packets, one after another
  u32 *start;   // offset of each packet, and the end
  u32 *digits;  // offset of each packet's body
  int *value;   // what stands there
  int next;     // first packet that is not written whole
  u32 position; // bytes of the block that are written
  int peak;     // packet whose body was replaced by a peak, or -1
  int peak_value_before;
  u64 sent, acknowledged;
  bool watched_for_write, ping_answered;
  u8 input[4096];
  int input_length;
} Publisher;

typedef struct {
  u64 end_ms;
  u64 readings;
  long total;
  int maximum;
} Window;
typedef struct {
  u64 readings;
  long total;
  Window windows[64];
  int window_count;
} Job;

static const char *host = "127.0.0.1", *label = "", *topic = "temperature", *result_topic = "results";
static int port = 1883, publisher_count = 1, device_count = 0, qos = 0, window = 500, job_count = 1;
static long rate = 0;
static double seconds = 5, drain_seconds = 20;
static u64 bucket_ms = 1000;

static int ep;
static Publisher *publishers;
static Job *jobs;
static int result_fd;
static u8 *result_input;
static int result_length;
static u64 sent, acknowledged, results, results_early, wrong_maxima, checked_maxima, pings_answered;
static long sent_total;
static u64 readings, last_result_ms, last_lag_us;
static u64 peak_bucket[WINDOWS_MAX];
static int peak_value[WINDOWS_MAX], peak_count;
static double rss_peak;

static u64 wall_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (u64)t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

static void watch(int fd, void *owner, u32 events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = owner};
  epoll_ctl(ep, operation, fd, &event);
}

static void subscribe_results(void) {
  char client[64];
  u8 packet[256], answer[5];
  snprintf(client, sizeof client, "jobgen-results-%d", getpid());
  result_fd = connect_mqtt(host, port, client);
  int at = 2;
  packet[0] = 0x82;
  packet[at++] = 0;
  packet[at++] = 1;
  at += put_text(packet + at, result_topic);
  packet[at++] = 1;
  packet[1] = at - 2;
  write_all(result_fd, packet, at);
  read_all(result_fd, answer, 5);
  if (answer[0] != 0x90 || answer[4] > 2) {
    fprintf(stderr, "the broker refused the subscription to %s: %d\n", result_topic, answer[4]);
    exit(1);
  }
  result_input = malloc(INPUT_BYTES);
  set_nb(result_fd);
  watch(result_fd, NULL, EPOLLIN, EPOLL_CTL_ADD);
}

static void lay_out_packets(Publisher *p, int index) {
  int own_devices = device_count / publisher_count;
  if (own_devices < 1) own_devices = 1;
  p->block = malloc(PACKETS * 128);
  p->start = malloc((PACKETS + 1) * sizeof *p->start);
  p->digits = malloc(PACKETS * sizeof *p->digits);
  p->value = malloc(PACKETS * sizeof *p->value);
  u32 at = 0;
  for (int i = 0; i < PACKETS; i++) {
    char name[64];
    if (device_count)
      snprintf(name, sizeof name, "devices/%d/temperature", index * own_devices + i % own_devices);
    else
      snprintf(name, sizeof name, "%s", topic);
    p->start[i] = at;
    p->value[i] = 100 + rand() % 800;
    p->block[at++] = 0x30 | qos << 1;
    at += put_length(p->block + at, 2 + strlen(name) + (qos ? 2 : 0) + BODY_DIGITS);
    at += put_text(p->block + at, name);
    if (qos) {
      p->block[at++] = (i + 1) >> 8;
      p->block[at++] = i + 1;
    }
    p->digits[i] = at;
    char body[8];
    snprintf(body, sizeof body, "%03d", p->value[i]);
    memcpy(p->block + at, body, BODY_DIGITS);
    at += BODY_DIGITS;
  }
  p->start[PACKETS] = at;
  p->peak = -1;
}

static void set_body(Publisher *p, int packet, int value) {
  char body[8];
  snprintf(body, sizeof body, "%03d", value);
  memcpy(p->block + p->digits[packet], body, BODY_DIGITS);
  p->value[packet] = value;
}

// At a steady rate, one reading in the middle of each window is higher than all others: the maximum is then known.
static void place_peak(Publisher *p) {
  if (!rate || p != publishers || p->peak >= 0 || p->position != p->start[p->next]) return;
  u64 now_ms = wall_us() / 1000, bucket = now_ms / bucket_ms, into = now_ms % bucket_ms;
  if (into < bucket_ms / 4 || into > bucket_ms * 3 / 4 || peak_count == WINDOWS_MAX) return;
  if (peak_count && peak_bucket[peak_count - 1] == bucket) return;
  p->peak = p->next;
  p->peak_value_before = p->value[p->next];
  set_body(p, p->next, 900 + bucket % 100);
  peak_bucket[peak_count] = bucket;
  peak_value[peak_count++] = p->value[p->next];
}

static void count_written(Publisher *p) {
  while (p->next < PACKETS && p->start[p->next + 1] <= p->position) {
    sent_total += p->value[p->next];
    if (p->peak == p->next) {
      set_body(p, p->peak, p->peak_value_before);
      p->peak = -1;
    }
    p->sent++;
    sent++;
    p->next++;
  }
  if (p->next == PACKETS) p->next = p->position = 0;
}

static void watch_for_write(Publisher *p, bool wanted) {
  if (p->watched_for_write == wanted) return;
  p->watched_for_write = wanted;
  watch(p->fd, p, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
}

// Writes up to `limit` packets. Returns how many were written whole.
static int write_packets(Publisher *p, long limit) {
  bool partial = p->position != p->start[p->next];
  if (qos) {
    long room = window - (long)(p->sent - p->acknowledged);
    if (room < limit) limit = room;
  }
  if (limit > PACKETS - p->next) limit = PACKETS - p->next;
  if (partial && limit < 1) limit = 1;
  if (limit < 1) {
    watch_for_write(p, false);
    return 0;
  }
  place_peak(p);
  u64 before = p->sent;
  int written = write(p->fd, p->block + p->position, p->start[p->next + limit] - p->position);
  if (written < 0) {
    if (errno != EAGAIN) die("write");
    watch_for_write(p, true);
    return 0;
  }
  p->position += written;
  count_written(p);
  return p->sent - before;
}

static void read_publisher(Publisher *p) {
  int got = read(p->fd, p->input + p->input_length, sizeof p->input - p->input_length);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    fprintf(stderr, "the broker closed a publisher's connection\n");
    exit(3);
  }
  p->input_length += got;
  int at = 0;
  while (p->input_length - at >= 2) {
    int length = 2 + p->input[at + 1];
    if (p->input_length - at < length) break;
    u8 type = p->input[at] >> 4;
    if (type == 4) {
      p->acknowledged++;
      acknowledged++;
    } else if (type == 13) {
      p->ping_answered = true;
      pings_answered++;
    } else {
      fprintf(stderr, "unexpected packet %d from the broker\n", type);
      exit(4);
    }
    at += length;
  }
  memmove(p->input, p->input + at, p->input_length - at);
  p->input_length -= at;
}

static Window *window_of(Job *job, u64 end_ms) {
  for (int i = job->window_count - 1; i >= 0; i--)
    if (job->windows[i].end_ms == end_ms) return &job->windows[i];
  if (job->window_count == 64) return NULL;
  Window *added = &job->windows[job->window_count++];
  *added = (Window){.end_ms = end_ms};
  return added;
}

static void take_result(const u8 *body, int length, u64 now_us) {
  char text[1024];
  if (length >= (int)sizeof text) length = sizeof text - 1;
  memcpy(text, body, length);
  text[length] = 0;
  const char *count = find_field(text, "readings"), *total = find_field(text, "total"),
             *maximum = find_field(text, "maximum");
  const char *job_name = find_field(text, "job");
  u64 end_ms = parse_timestamp_ms(find_field(text, "window_end"));
  int index = job_name ? atoi(job_name) : 0;
  if (!count || !total || !maximum || !end_ms || index < 0 || index >= job_count) {
    fprintf(stderr, "not a result: %s\n", text);
    exit(4);
  }
  Job *job = &jobs[index];
  Window *w = window_of(job, end_ms);
  job->readings += strtoull(count, NULL, 10);
  job->total += atol(total);
  readings += strtoull(count, NULL, 10);
  results++;
  if (w) {
    w->readings += strtoull(count, NULL, 10);
    w->total += atol(total);
    if (atoi(maximum) > w->maximum) w->maximum = atoi(maximum);
  }
  last_result_ms = now_us / 1000;
  last_lag_us = now_us > end_ms * 1000 ? now_us - end_ms * 1000 : 0;
  if (now_us < end_ms * 1000) results_early++; // before its window's end: must not be
  hrec(last_lag_us * 1000);
}

static void read_results(void) {
  int got = read(result_fd, result_input + result_length, INPUT_BYTES - result_length);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    fprintf(stderr, "the broker closed the results' connection\n");
    exit(3);
  }
  u64 now_us = wall_us();
  result_length += got;
  int at = 0;
  while (result_length - at >= 2) {
    int cursor = at + 1, length = 0, shift = 0;
    bool whole = false;
    while (cursor < result_length && !whole) {
      length |= (result_input[cursor] & 127) << shift;
      shift += 7;
      whole = !(result_input[cursor++] & 128);
    }
    if (!whole || result_length - cursor < length) break;
    if (result_input[at] >> 4 == 3) {
      int body = cursor + 2 + (result_input[cursor] << 8 | result_input[cursor + 1]);
      if ((result_input[at] >> 1 & 3) == 1) {
        u8 puback[4] = {0x40, 2, result_input[body], result_input[body + 1]};
        write_all(result_fd, puback, 4);
        body += 2;
      }
      take_result(result_input + body, cursor + length - body, now_us);
    }
    at = cursor + length;
  }
  memmove(result_input, result_input + at, result_length - at);
  result_length -= at;
}

static void serve_events(int timeout_ms, bool sending) {
  struct epoll_event events[128];
  int count = epoll_wait(ep, events, 128, timeout_ms);
  for (int i = 0; i < count; i++) {
    Publisher *p = events[i].data.ptr;
    if (!p) {
      read_results();
      continue;
    }
    if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
      read_publisher(p);
      if (qos && sending && !rate) watch_for_write(p, true);
    }
    if (events[i].events & EPOLLOUT) {
      if (sending && !rate)
        write_packets(p, PACKETS);
      else if (p->position != p->start[p->next])
        write_packets(p, 1);
      else
        watch_for_write(p, false);
    }
  }
}

static void sample_rss(void) {
  static u64 next;
  u64 now = now_ns();
  if (now < next) return;
  next = now + 250000000ull;
  double rss = rss_mb();
  if (rss > rss_peak) rss_peak = rss;
}

static void send_due(u64 started, int *turn) {
  u64 due = (u64)((now_ns() - started) / 1e9 * rate);
  int refused = 0;
  while (sent < due && refused < publisher_count) {
    long batch = (due - sent) / publisher_count;
    int written = write_packets(&publishers[(*turn)++ % publisher_count], batch < 1 ? 1 : batch);
    refused = written ? 0 : refused + 1;
  }
}

// Every publisher finishes its last packet and asks for a ping's answer: when that comes, all before it were taken.
static void wait_until_taken(void) {
  for (int i = 0; i < publisher_count; i++)
    while (publishers[i].position != publishers[i].start[publishers[i].next])
      if (!write_packets(&publishers[i], 1)) serve_events(1, false);
  for (int i = 0; i < publisher_count; i++) {
    fcntl(publishers[i].fd, F_SETFL, fcntl(publishers[i].fd, F_GETFL, 0) & ~O_NONBLOCK);
    write_all(publishers[i].fd, (const u8 *)"\xc0\0", 2);
    set_nb(publishers[i].fd);
    watch_for_write(&publishers[i], false);
  }
  u64 give_up = now_ns() + (u64)(drain_seconds * 1e9);
  while ((pings_answered < (u64)publisher_count || (qos && acknowledged < sent)) && now_ns() < give_up) {
    serve_events(20, false);
    sample_rss();
  }
}

// Takes results until all readings are accounted for and one more window has passed, or nothing has come for a while.
static void drain(void) {
  u64 give_up = now_ns() + (u64)(drain_seconds * 1e9), complete = 0, seen = results;
  while (now_ns() < give_up) {
    serve_events(20, false);
    sample_rss();
    if (results != seen) {
      seen = results;
      give_up = now_ns() + (u64)(drain_seconds * 1e9);
    }
    if (!complete && readings >= sent * job_count) complete = now_ns();
    if (complete && now_ns() - complete > bucket_ms * 1200000ull) return;
  }
}

static void check_maxima(void) {
  for (int j = 0; j < job_count; j++)
    for (int i = 0; i < jobs[j].window_count; i++)
      for (int k = 0; k < peak_count; k++)
        if ((peak_bucket[k] + 1) * bucket_ms == jobs[j].windows[i].end_ms) {
          checked_maxima++;
          if (jobs[j].windows[i].maximum != peak_value[k]) wrong_maxima++;
        }
}

static void report(double taken_s, double cpu_s, double own_cpu_s) {
  long lost = (long)(sent * job_count) - (long)readings, jobs_wrong = 0, lost_acknowledged = 0;
  for (int j = 0; j < job_count; j++) {
    if (jobs[j].readings != sent || jobs[j].total != sent_total) jobs_wrong++;
    if (qos && jobs[j].readings < acknowledged) lost_acknowledged += acknowledged - jobs[j].readings;
  }
  // A publisher whose last ping has no answer is one that the broker has stopped reading for good.
  long unread = publisher_count - (long)pings_answered;
  double events = sent / (taken_s + last_lag_us / 1e6);
  printf("{\"label\":\"%s\",\"proto\":\"job\",\"qos\":%d,\"pubs\":%d,\"devices\":%d,\"jobs\":%d,\"rate\":%ld,", label,
         qos, publisher_count, device_count, job_count, rate);
  printf(
      "\"events_per_s\":%.0f,\"sent\":%lu,\"acknowledged\":%lu,\"readings\":%lu,\"lost\":%ld,\"lost_acknowledged\":%ld,"
      "\"jobs_wrong\":%ld,\"unread\":%ld,",
      events, sent, acknowledged, readings, lost, lost_acknowledged, jobs_wrong, unread);
  printf("\"results\":%lu,\"early\":%lu,\"maxima_checked\":%lu,\"maxima_wrong\":%lu,\"p50_us\":%.0f,\"p99_us\":%.0f,"
         "\"max_us\":%.0f,"
         "\"last_lag_ms\":%.1f,",
         results, results_early, checked_maxima, wrong_maxima, hpct(.5) / 1e3, hpct(.99) / 1e3, hpct(1) / 1e3,
         last_lag_us / 1e3);
  printf("\"cpu_us_per_event\":%.2f,\"cpu_pct\":%.0f,\"gen_cpu_pct\":%.0f,\"rss_mb\":%.0f}\n",
         sent ? cpu_s * 1e6 / sent : 0, cpu_s / taken_s * 100, own_cpu_s / taken_s * 100, rss_peak);
}

static void read_options(int count, char **values) {
  int option;
  while ((option = getopt(count, values, "h:p:P:D:q:r:W:t:d:a:R:J:B:T:L:")) != -1) switch (option) {
    case 'h':
      host = optarg;
      break;
    case 'p':
      port = atoi(optarg);
      break;
    case 'P':
      publisher_count = atoi(optarg);
      break;
    case 'D':
      device_count = atoi(optarg);
      break;
    case 'q':
      qos = atoi(optarg);
      break;
    case 'r':
      rate = atol(optarg);
      break;
    case 'W':
      window = atoi(optarg);
      break;
    case 't':
      seconds = atof(optarg);
      break;
    case 'd':
      drain_seconds = atof(optarg);
      break;
    case 'a':
      topic = optarg;
      break;
    case 'R':
      result_topic = optarg;
      break;
    case 'J':
      job_count = atoi(optarg);
      break;
    case 'B':
      bucket_ms = (u64)(atof(optarg) * 1000);
      break;
    case 'T':
      parse_pids(optarg);
      break;
    case 'L':
      label = optarg;
      break;
    default:
      exit(1);
    }
  if (window > PACKETS / 2) window = PACKETS / 2;
  if (publisher_count < 1 || job_count < 1 || job_count > JOBS_MAX || qos < 0 || qos > 1) {
    fprintf(stderr, "publishers ≥ 1, jobs 1..%d, QoS 0 or 1\n", JOBS_MAX);
    exit(1);
  }
}

int main(int count, char **values) {
  read_options(count, values);
  signal(SIGPIPE, SIG_IGN);
  ep = epoll_create1(0);
  publishers = calloc(publisher_count, sizeof *publishers);
  jobs = calloc(job_count, sizeof *jobs);
  subscribe_results();
  for (int i = 0; i < publisher_count; i++) {
    char client[64];
    snprintf(client, sizeof client, "jobgen-%d-%d", i, getpid());
    lay_out_packets(&publishers[i], i);
    publishers[i].fd = connect_mqtt(host, port, client);
    set_nb(publishers[i].fd);
    watch(publishers[i].fd, &publishers[i], EPOLLIN, EPOLL_CTL_ADD);
    watch_for_write(&publishers[i], !rate);
  }
  usleep(300000);
  u64 started = now_ns(), ends = started + (u64)(seconds * 1e9);
  double cpu = cpu_ticks_s(), own_cpu = self_cpu();
  int turn = 0;
  while (now_ns() < ends) {
    if (rate) send_due(started, &turn);
    serve_events(rate ? 1 : 20, true);
    sample_rss();
  }
  wait_until_taken();
  double taken_s = (now_ns() - started) / 1e9;
  cpu = cpu_ticks_s() - cpu;
  own_cpu = self_cpu() - own_cpu;
  drain();
  check_maxima();
  report(taken_s, cpu, own_cpu);
  return 0;
}
