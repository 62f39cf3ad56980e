// A bare write and fdatasync of the same bytes, one after the other, into a file that is as long as it will be: what the
// disk asks of one durable message at least.
//
// syncgen -f FILE -s bytes (200) -n count (2000)
#include "common.h"

#define FILE_BYTES (16 * 1024 * 1024)

int main(int ac, char **av) {
  const char *path = 0;
  int bytes = 200, count = 2000, o;
  while ((o = getopt(ac, av, "f:s:n:")) != -1) switch (o) {
    case 'f':
      path = optarg;
      break;
    case 's':
      bytes = atoi(optarg);
      break;
    case 'n':
      count = atoi(optarg);
      break;
    default:
      exit(1);
    }
  if (!path) die("-f is missing");
  int fd = open(path, O_RDWR | O_CREAT, 0600);
  char *zeros = calloc(1, FILE_BYTES);
  if (fd < 0 || write(fd, zeros, FILE_BYTES) != FILE_BYTES || fsync(fd) != 0) die(path);
  char *buffer = malloc(bytes);
  memset(buffer, 'x', bytes);
  u64 began = now_ns();
  for (int i = 0; i < count; i++) {
    u64 before = now_ns();
    if (pwrite(fd, buffer, bytes, (off_t)i * bytes % (FILE_BYTES - bytes)) != bytes || fdatasync(fd) != 0) die(path);
    hrec(now_ns() - before);
  }
  printf("{\"count\":%d,\"bytes\":%d,\"recv_per_s\":%.0f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", count, bytes,
         count / ((now_ns() - began) / 1e9), hpct(.5) / 1e3, hpct(.99) / 1e3);
  return 0;
}
