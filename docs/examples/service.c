/* A service in C that marks what it does.
 *   cc -std=c11 -Iinclude docs/examples/service.c src/mark/isojoule.c -pthread -o service
 *   isojoule measure --batch 8 -- ./service
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>

#include "isojoule/isojoule.h"

/* In place of a network. */
static void work(long milliseconds) {
  const int64_t end = isojoule_now_ns() + milliseconds * 1000000;
  while (isojoule_now_ns() < end) {
  }
}

int main(void) {
  int i;
  const int listens = isojoule_open(); /* only to tell; the first mark opens as well */
  isojoule_note("engine", "service 1.0");
  isojoule_phase_begin("load");
  work(20);
  isojoule_phase_end("load");
  isojoule_phase_begin("inference");
  for (i = 0; i < 10; ++i) {
    isojoule_batch_begin();
    work(5);
    isojoule_batch_end();
  }
  isojoule_phase_end("inference");
  printf("%s\n", listens ? "measured" : "not measured");
  return 0;
}
