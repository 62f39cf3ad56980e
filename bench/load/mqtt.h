// The packets of MQTT 3.1.1 that jobgen needs, and how they get through a socket.
//
// CONNECT as jobgen sends it: clean session, keep-alive 120 s, no will, no credentials.
#pragma once
#include "common.h"

static int put_length(u8 *at, int length) {
  int bytes = 0;
  do {
    u8 digit = length & 127;
    length >>= 7;
    at[bytes++] = length ? digit | 128 : digit;
  } while (length);
  return bytes;
}

static int put_text(u8 *at, const char *text) {
  int length = strlen(text);
  at[0] = length >> 8;
  at[1] = length;
  memcpy(at + 2, text, length);
  return length + 2;
}

static void write_all(int fd, const u8 *bytes, int length) {
  while (length > 0) {
    int written = write(fd, bytes, length);
    if (written < 0) die("write");
    bytes += written;
    length -= written;
  }
}

static void read_all(int fd, u8 *bytes, int length) {
  while (length > 0) {
    int got = read(fd, bytes, length);
    if (got <= 0) die("the broker closed during the handshake");
    bytes += got;
    length -= got;
  }
}

static int connect_mqtt(const char *host, int port, const char *client) {
  int fd = tcp_connect(host, port);
  u8 packet[128], answer[4];
  int length = 10 + 2 + strlen(client);
  int at = 1 + put_length(packet + 1, length);
  packet[0] = 0x10;
  memcpy(packet + at, "\0\4MQTT\4\2\0\170", 10);
  at += 10;
  at += put_text(packet + at, client);
  write_all(fd, packet, at);
  read_all(fd, answer, 4);
  if (answer[0] != 0x20 || answer[3] != 0) {
    fprintf(stderr, "the broker refused the connection: %d\n", answer[3]);
    exit(1);
  }
  return fd;
}
