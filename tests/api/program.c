/* What programs do with windows, well and badly: api_program MODE [ARGUMENT]. Exit status 0: all as
 * it should be; otherwise a line on standard error says what is not. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "isojoule/isojoule.h"

static void need(int good, const char* what) {
  char why[ISOJOULE_TEXT];
  if (good) return;
  isojoule_reason(why, sizeof(why));
  fprintf(stderr, "not so: %s (%s)\n", what, why);
  exit(1);
}

static void wait_ms(long milliseconds) {
  struct timespec time;
  time.tv_sec = milliseconds / 1000;
  time.tv_nsec = milliseconds % 1000 * 1000000;
  while (nanosleep(&time, &time) != 0 && errno == EINTR) {
  }
}

static isojoule_result fresh(void) {
  isojoule_result result;
  memset(&result, 0x55, sizeof(result));
  result.size = sizeof(result);
  return result;
}

/* The tests' power source says 5 W, always. */
static void need_energy(const isojoule_result* result, const char* what) {
  need((result->flags & ISOJOULE_HAS_ENERGY) != 0, what);
  need(result->energy_u_j > 0, what);
  need(fabs(result->energy_j - 5 * result->duration_s) < 1e-6 + 1e-6 * result->energy_j, what);
}

static void begin(void) {
  isojoule_options options;
  memset(&options, 0, sizeof(options));
  options.size = sizeof(options);
  options.period_ns = 10000000;
  need(isojoule_session_begin(&options) == ISOJOULE_ALONE, "a session of its own");
  need(isojoule_session_begin(NULL) == ISOJOULE_ALONE, "a second begin is the same session");
}

static int64_t of_other;
static void* end_of_other(void* unused) {
  (void)unused;
  wait_ms(20);
  need(isojoule_window_end(of_other) == 1, "ended by another thread");
  return NULL;
}

/* Nested, overlapping, ended elsewhere, never ended, ended twice, never begun. */
static void shapes(void) {
  pthread_t thread;
  int64_t outer = isojoule_window_begin("outer"), inner, late;
  need(outer > 0, "a window's id");
  wait_ms(30);
  inner = isojoule_window_begin("inner");
  need(inner > 0 && inner != outer, "another id");
  wait_ms(30);
  isojoule_window_end(outer);
  wait_ms(30);
  isojoule_window_end(inner);
  of_other = isojoule_window_begin("elsewhere");
  pthread_create(&thread, NULL, end_of_other, NULL);
  pthread_join(thread, NULL);
  isojoule_mark("a \"moment\"\nwith \\ odd \xff letters \xc3\xa4");
  isojoule_window_end(inner);
  isojoule_window_end(987654321);
  need(isojoule_window_end(0) == 0 && isojoule_window_end(-5) == 0, "no id is no window");
  need(isojoule_window_begin(NULL) == 0 && isojoule_mark(NULL) == 0, "no name");
  late = isojoule_window_begin("never ended");
  need(late > 0, "one more");
}

static void alone(void) {
  isojoule_result result = fresh();
  int64_t window, closed;
  begin();
  window = isojoule_window_begin("work");
  wait_ms(200);
  isojoule_result open = fresh();
  need(isojoule_window_energy(window, &open) == 0 && strstr(open.reason, "has not ended") != NULL,
       "an open window has no energy");
  isojoule_window_end(window);
  need(isojoule_window_energy(window, &result) == 1, "the window's energy");
  need_energy(&result, "5 W through the window");
  need(result.duration_s >= 0.2 && result.count == 1, "its time");
  need(strstr(result.reason, "idle") != NULL, "why there is no net energy");
  need((result.flags & ISOJOULE_HAS_NET) == 0 && result.net_energy_j == 0, "no idle, no net");
  shapes();
  closed = isojoule_window_begin("empty");
  isojoule_window_end(closed);
  need(isojoule_name_energy("outer", &result) == 1, "a name's energy");
  need_energy(&result, "5 W through the name");
  need(isojoule_name_energy("no such name", &result) == 0 && result.reason[0] != '\0', "no name");
  need(isojoule_window_energy(424242, &result) == 0 && result.reason[0] != '\0', "no window");
  need(isojoule_window_energy(0, &result) == 0 && result.reason[0] != '\0', "no window 0");
  need(isojoule_window_energy(window, NULL) == 1, "without a result");
  { /* A caller that was built with an older, smaller struct. */
    struct {
      isojoule_result result;
      char guard[8];
    } old;
    memset(&old, 0x77, sizeof(old));
    old.result.size = offsetof(isojoule_result, count);
    need(isojoule_window_energy(window, &old.result) == 1, "an older caller");
    need(old.result.count == 0x7777777777777777u && old.guard[0] == 0x77, "nothing behind its end");
    need(old.result.energy_j > 0, "what it knows");
  }
  need(isojoule_session_end(&result) == 1, "the session's energy");
  need_energy(&result, "5 W through the session");
  need(strstr(result.counters, "window_not_ended 1") != NULL, "one never ended");
  need(isojoule_listener() == ISOJOULE_NOBODY, "over");
  need(isojoule_session_end(&result) == 0 && result.reason[0] != '\0', "over twice");
  need(isojoule_window_begin("after") == 0, "nobody listens");
  begin();
  need(isojoule_session_end(&result) == 1, "a second session");
}

enum { kThreads = 4, kEach = 20000 };
static void* many(void* number) {
  int i;
  char name[32];
  snprintf(name, sizeof(name), "thread %d", (int)(intptr_t)number);
  for (i = 0; i < kEach; ++i) {
    const int64_t window = isojoule_window_begin(name);
    if (i % 100 == 0) isojoule_mark("hundred");
    if (i % 1000 == 0) isojoule_note("thousand", name);
    isojoule_window_end(window);
  }
  return NULL;
}

static void threads(void) {
  pthread_t all[kThreads];
  intptr_t i;
  for (i = 0; i < kThreads; ++i) pthread_create(&all[i], NULL, many, (void*)i);
  for (i = 0; i < kThreads; ++i) pthread_join(all[i], NULL);
}

static void* asks(void* unused) {
  int i;
  (void)unused;
  for (i = 0; i < 5; ++i) {
    isojoule_result result = fresh();
    const int64_t window = isojoule_window_begin("asked");
    wait_ms(5);
    isojoule_window_end(window);
    isojoule_window_energy(window, &result);
    /* Meanwhile others may have ended more windows than are kept one by one; that is said. */
    need(
        (result.flags & ISOJOULE_HAS_DURATION) != 0 || strstr(result.reason, "so long ago") != NULL,
        result.reason);
  }
  return NULL;
}

static void threads_alone(void) {
  pthread_t askers[2];
  isojoule_result result = fresh();
  int i;
  begin();
  for (i = 0; i < 2; ++i) pthread_create(&askers[i], NULL, asks, NULL);
  threads();
  for (i = 0; i < 2; ++i) pthread_join(askers[i], NULL);
  need(isojoule_name_energy("thread 2", &result) == 1 && result.count == kEach, "all of a thread");
  isojoule_close();
}

static void million(long count) {
  long i;
  for (i = 0; i < count; ++i) isojoule_window_end(isojoule_window_begin("short"));
  wait_ms(50);
}

/* The sampler is no child of ours; a copy of the process is silent, and may measure itself. */
static void forks(void) {
  isojoule_result result = fresh();
  int status = -1;
  pid_t child;
  begin();
  need(waitpid(-1, &status, WNOHANG) < 0 && errno == ECHILD, "no child is left");
  int64_t window = isojoule_window_begin("parent");
  child = fork();
  if (child == 0) {
    if (isojoule_listener() != ISOJOULE_NOBODY || isojoule_mark("child") != 0) _exit(2);
    begin();
    window = isojoule_window_begin("child's own");
    wait_ms(50);
    isojoule_window_end(window);
    if (isojoule_window_energy(window, &result) != 1) _exit(3);
    exit(0); /* with destructors */
  }
  need(waitpid(child, &status, 0) == child && status == 0, "the child measured itself");
  isojoule_window_end(window);
  need(isojoule_window_energy(window, &result) == 1, "the parent goes on");
  child = fork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "ls -l /proc/self/fd | grep -c socket: ; exit 0", (char*)NULL);
    _exit(127);
  }
  need(waitpid(child, &status, 0) == child && status == 0, "a program that was started");
  need(isojoule_session_end(&result) == 1, "and ends");
}

/* A session with options of the caller's: period, idle, timeout, report. Prints who measures, and
 * why. */
static void tries(int count, char** words) {
  isojoule_options options;
  isojoule_result result = fresh();
  char why[ISOJOULE_TEXT];
  int64_t window;
  memset(&options, 0, sizeof(options));
  options.size = sizeof(options);
  options.period_ns = count > 2 ? atoll(words[2]) : 0;
  options.idle_ns = count > 3 ? atoll(words[3]) : 0;
  options.timeout_ns = count > 4 ? atoll(words[4]) : 0;
  options.report = count > 5 ? words[5] : NULL;
  printf("%d ", isojoule_session_begin(&options));
  isojoule_reason(why, sizeof(why));
  printf("%s\n", why);
  window = isojoule_window_begin("w");
  wait_ms(options.period_ns / 1000000 + 20);
  isojoule_window_end(window);
  isojoule_window_energy(window, &result);
  printf("energy %d net %d\n", (result.flags & ISOJOULE_HAS_ENERGY) != 0,
         (result.flags & ISOJOULE_HAS_NET) != 0);
  isojoule_session_end(&result);
  printf("%s\n", result.reason);
}

/* The sampler is killed meanwhile: until FILE is gone. */
static void loses(const char* file) {
  isojoule_result result = fresh();
  char ready[4096];
  int64_t window;
  FILE* made;
  begin();
  window = isojoule_window_begin("lost");
  snprintf(ready, sizeof(ready), "%s.ready", file);
  made = fopen(ready, "w");
  need(made != NULL && fclose(made) == 0, "a file");
  while (access(file, F_OK) == 0) wait_ms(5);
  isojoule_window_end(window);
  need(isojoule_window_energy(window, &result) == 0 && result.reason[0] != '\0', "why it is lost");
  begin();
  window = isojoule_window_begin("anew");
  wait_ms(50);
  isojoule_window_end(window);
  need(isojoule_window_energy(window, &result) == 1, "a sampler begun anew");
}

static void* forever(void* marks) {
  isojoule_window_end(isojoule_window_begin("at the end"));
  sem_post((sem_t*)marks);
  for (;;) isojoule_window_end(isojoule_window_begin("at the end"));
  return NULL;
}

/* main returns while others still mark. */
static void leaves(void) {
  static sem_t marks; /* outlives main: the threads do */
  pthread_t thread;
  int i;
  sem_init(&marks, 0, 0);
  for (i = 0; i < 3; ++i) pthread_create(&thread, NULL, forever, &marks);
  for (i = 0; i < 3; ++i) sem_wait(&marks);
  wait_ms(30);
}

static void dies(void) {
  int64_t window = isojoule_window_begin("cut off");
  int i;
  (void)window;
  for (i = 0; i < 5000; ++i) isojoule_mark("before");
  raise(SIGKILL);
}

typedef int64_t plugin_function(void);
struct plugin_call {
  void* function;
  sem_t is_back; /* the thread has left the plugin */
  sem_t is_gone; /* the plugin is unloaded */
};
static void* calls_plugin(void* plugin_call) {
  struct plugin_call* const call = plugin_call;
  plugin_function* work;
  *(void**)&work = call->function;
  need(work() != 0, "the plugin's window");
  sem_post(&call->is_back);
  sem_wait(&call->is_gone);
  wait_ms(100); /* long enough to be seen by the sampler */
  return NULL;
}

static void plugin(const char* path) {
  pthread_t thread;
  void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  struct plugin_call call;
  need(library != NULL, "the plugin loads");
  call.function = dlsym(library, "plugin_work");
  need(call.function != NULL, "its function");
  sem_init(&call.is_back, 0, 0);
  sem_init(&call.is_gone, 0, 0);
  pthread_create(&thread, NULL, calls_plugin, &call);
  sem_wait(&call.is_back);
  dlclose(library);
  sem_post(&call.is_gone);
  pthread_join(thread, NULL);
}

/* What came over the socket: how many of a letter are in it. */
static long letters(int from, char letter) {
  char bytes[65536];
  ssize_t count, i;
  long found = 0;
  while ((count = recv(from, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
    for (i = 0; i < count; ++i) found += bytes[i] == letter;
  return found;
}

/* More names than are kept: the rest is one. We are who listens. */
static void names(void) {
  int i, ends[2];
  long told = 0;
  char name[32];
  need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "a socket pair");
  snprintf(name, sizeof(name), "%d", ends[1]);
  setenv("ISOJOULE_FD", name, 1);
  need(isojoule_open() == 1, "a listener");
  for (i = 0; i < 70000; ++i) {
    snprintf(name, sizeof(name), "#%d", i);
    need(isojoule_mark(name) == 1, "a mark");
    if (i % 500 == 0) told += letters(ends[0], '#');
  }
  isojoule_close();
  told += letters(ends[0], '#');
  need(told == 65535, "one of the 65,536 names is that of all others");
}

int main(int count, char** words) {
  const char* mode = count > 1 ? words[1] : "";
  if (strcmp(mode, "shapes") == 0) {
    shapes();
  } else if (strcmp(mode, "alone") == 0) {
    alone();
  } else if (strcmp(mode, "threads") == 0) {
    threads();
  } else if (strcmp(mode, "threads_alone") == 0) {
    threads_alone();
  } else if (strcmp(mode, "million") == 0) {
    million(count > 2 ? atol(words[2]) : 1000000);
  } else if (strcmp(mode, "forks") == 0) {
    forks();
  } else if (strcmp(mode, "leaves") == 0) {
    leaves();
  } else if (strcmp(mode, "dies") == 0) {
    dies();
  } else if (strcmp(mode, "dies_alone") == 0) {
    begin();
    dies();
  } else if (strcmp(mode, "tries") == 0) {
    tries(count, words);
  } else if (strcmp(mode, "loses") == 0) {
    loses(words[2]);
  } else if (strcmp(mode, "plugin") == 0) {
    plugin(words[2]);
  } else if (strcmp(mode, "names") == 0) {
    names();
  } else {
    fprintf(stderr, "which?\n");
    return 2;
  }
  return 0;
}
