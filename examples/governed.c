/* A service under `isojoule govern`: requests come, wait in a line, and are answered in batches.
 *   cc -std=c11 -Iinclude examples/governed.c src/mark/isojoule.c -pthread -o governed
 *   isojoule govern --table FILE.study --limit 'latency<50ms' -- ./governed 30
 * Arguments: seconds, requests a second (100), milliseconds of a batch (5), requests of a batch
 * (4). In place of a network it waits. A service of one's own needs the calls isojoule_... and
 * nothing else of this.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "isojoule/isojoule.h"

enum { kLine = 4096, kMostBatch = 64 };

static void sleep_until(int64_t ns) {
  struct timespec at;
  at.tv_sec = (time_t)(ns / 1000000000);
  at.tv_nsec = (long)(ns % 1000000000);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) {
  }
}

static double argument(int argc, char** argv, int place, double otherwise) {
  return argc > place ? atof(argv[place]) : otherwise;
}

int main(int argc, char** argv) {
  const int64_t begin = isojoule_now_ns();
  const int64_t end = begin + (int64_t)(argument(argc, argv, 1, 10) * 1e9);
  const int64_t between = (int64_t)(1e9 / argument(argc, argv, 2, 100));
  const int64_t batch_ns = (int64_t)(argument(argc, argv, 3, 5) * 1e6);
  const int64_t our_batch = (int64_t)argument(argc, argv, 4, 4);
  static int64_t line[kLine]; /* when each request came */
  long first = 0, last = 0, served = 0;
  int64_t due = begin;
  while (isojoule_now_ns() < end) {
    int64_t most, started;
    long count = 0, i;
    for (; due <= isojoule_now_ns() && last - first < kLine; due += between)
      line[last++ % kLine] = isojoule_request_arrived();
    if (first == last) {
      sleep_until(due);
      continue;
    }
    most = isojoule_batch_limit(our_batch);
    count = last - first;
    if (count > most) count = (long)most;
    if (count > kMostBatch) count = kMostBatch;
    started = isojoule_now_ns();
    sleep_until(started + batch_ns); /* in place of a network */
    isojoule_batch_served(started, count);
    for (i = 0; i < count; ++i) isojoule_request_answered(line[first++ % kLine]);
    served += count;
  }
  while (first < last) isojoule_request_dropped(line[first++ % kLine]);
  printf("%ld requests, %s\n", served, isojoule_governed(0) ? "governed" : "not governed");
  return 0;
}
