// Reads the few fields that a result of the benchmark's jobs has. No JSON parser: names are found by their quotes.
#pragma once
#include "common.h"

static const char *find_field(const char *text, const char *name) {
  char key[64];
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *at = strstr(text, key);
  if (!at) return NULL;
  at += strlen(key);
  while (*at == ' ' || *at == '"') at++;
  return at;
}

// "2026-01-31 12:00:05", optionally with a fraction: UTC.
static u64 parse_timestamp_ms(const char *text) {
  struct tm t = {0};
  int read_bytes = 0;
  if (!text || sscanf(text, "%d-%d-%d%*[ T]%d:%d:%d%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min,
                      &t.tm_sec, &read_bytes) < 6)
    return 0;
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  u64 ms = (u64)timegm(&t) * 1000;
  if (text[read_bytes] == '.') {
    int scale = 100;
    for (const char *digit = text + read_bytes + 1; *digit >= '0' && *digit <= '9' && scale; digit++, scale /= 10)
      ms += (*digit - '0') * scale;
  }
  return ms;
}
