/* A program that names what it does, and asks what that cost.
 *   cc -std=c11 -Iinclude examples/windows.c src/mark/isojoule.c -pthread -o windows
 *   ./windows                        it measures itself
 *   isojoule measure -- ./windows    the same windows in isojoule's report
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

static void print(const char* what, const isojoule_result* cost) {
  if (cost->flags & ISOJOULE_HAS_ENERGY)
    printf("%s: %.3f J +- %.3f J (k = 2) in %.3f s, %lu windows\n", what, cost->energy_j,
           2 * cost->energy_u_j, cost->duration_s, (unsigned long)cost->count);
  else
    printf("%s: energy absent: %s\n", what, cost->reason);
}

int main(void) {
  int i;
  int64_t request;
  isojoule_result cost;
  isojoule_options options = {0};
  options.size = sizeof(options);
  options.period_ns = 20000000; /* a reading every 20 ms */
  switch (isojoule_session_begin(&options)) {
    case ISOJOULE_ALONE: puts("measures itself"); break;
    case ISOJOULE_MEASURE: puts("is measured"); break;
    default: puts("nobody measures"); break;
  }
  request = isojoule_window_begin("request");
  for (i = 0; i < 5; ++i) {
    const int64_t window = isojoule_window_begin("preprocess");
    work(10);
    isojoule_window_end(window);
    isojoule_mark("input is ready");
    work(30);
  }
  isojoule_window_end(request);

  cost.size = sizeof(cost);
  if (isojoule_listener() == ISOJOULE_ALONE) {
    isojoule_window_energy(request, &cost);
    print("request", &cost);
    isojoule_name_energy("preprocess", &cost); /* all five together */
    print("preprocess", &cost);
    isojoule_session_end(&cost);
    print("all", &cost);
  }
  return 0;
}
