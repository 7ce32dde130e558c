/* The client of isojoule.h: lines over the descriptor whose number is in ISOJOULE_FD
 * (docs/engines/command.md). POSIX and C11, nothing else. */
#define _POSIX_C_SOURCE 200809L

#include "isojoule/isojoule.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { kKept = 512, kNumber = 21, kLine = 1024 };
static const int64_t kSendPeriod = 2000000000;

enum { kUnknown, kListens, kNobody };
/* Read without the lock: where nobody listens, a mark costs this one look. */
static atomic_int state = kUnknown;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int descriptor = -1;
static pid_t owner;          /* whose marks these are */
static int64_t kept[2 * kKept]; /* begin, end, begin, end, ... */
static size_t kept_count;
static int64_t batch_begin = -1;
static int64_t sent; /* when batches last went out */

int64_t isojoule_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Below, the lock is held. */

static void send_bytes(const char* bytes, size_t count) {
  while (count > 0) {
    ssize_t done = send(descriptor, bytes, count, MSG_NOSIGNAL);
    if (done < 0 && errno == ENOTSOCK) done = write(descriptor, bytes, count);
    if (done > 0) {
      bytes += done;
      count -= (size_t)done;
    } else if (done < 0 && errno != EINTR) {
      atomic_store(&state, kNobody); /* it has gone; so be it */
      return;
    }
  }
}

static char* put_text(char* at, const char* text) {
  const size_t size = strlen(text);
  memcpy(at, text, size);
  return at + size;
}

static char* put_number(char* at, int64_t number) {
  char digits[kNumber];
  size_t count = 0;
  uint64_t rest = number < 0 ? 0 : (uint64_t)number;
  do {
    digits[count++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  while (count > 0) *at++ = digits[--count];
  return at;
}

static void send_kept(int64_t now) {
  static char line[64 + (size_t)2 * kKept * kNumber];
  size_t i;
  char* at;
  sent = now;
  if (kept_count == 0) return;
  at = put_text(line, "{\"type\":\"batches\",\"marks_ns\":[");
  for (i = 0; i < kept_count; ++i) {
    if (i > 0) *at++ = ',';
    at = put_number(at, kept[i]);
  }
  at = put_text(at, "]}\n");
  kept_count = 0;
  send_bytes(line, (size_t)(at - line));
}

/* A copy of the process is not the one that is measured. */
static int is_owner(void) {
  if (getpid() == owner) return 1;
  kept_count = 0;
  atomic_store(&state, kNobody);
  return 0;
}

static void keep_batch(int64_t begin, int64_t end) {
  kept[kept_count++] = begin;
  kept[kept_count++] = end;
  if ((kept_count == 2 * kKept || end - sent >= kSendPeriod) && is_owner()) send_kept(end);
}

/* Words into a line, at most as many as fit; what would end the line or a word becomes harmless. */
static char* put_words(char* at, const char* end, const char* text, int one_word) {
  for (; *text != '\0' && at < end; ++text) {
    const unsigned char c = (unsigned char)*text;
    *at++ = c < ' ' || c == 127 ? ' ' : *text;
    if (one_word && at[-1] == ' ') at[-1] = '_';
  }
  return at;
}

static int open_locked(void) {
  const char* number = getenv("ISOJOULE_FD");
  char* end = NULL;
  const long value = number == NULL ? -1 : strtol(number, &end, 10);
  if (value < 0 || value > 1 << 20 || end == number || *end != '\0') {
    atomic_store(&state, kNobody);
    return 0;
  }
  descriptor = (int)value;
  owner = getpid();
  kept_count = 0;
  batch_begin = -1;
  sent = isojoule_now_ns();
  atomic_store(&state, kListens);
  return 1;
}

/* Takes the lock when somebody listens. */
static int enter(void) {
  if (atomic_load_explicit(&state, memory_order_relaxed) == kNobody) return 0;
  pthread_mutex_lock(&lock);
  if (atomic_load(&state) == kUnknown) open_locked();
  if (atomic_load(&state) == kListens) return 1;
  pthread_mutex_unlock(&lock);
  return 0;
}

static int leave(void) {
  const int listens = atomic_load(&state) == kListens;
  pthread_mutex_unlock(&lock);
  return listens;
}

/* Above, the lock is held. */

int isojoule_open(void) {
  int listens;
  pthread_mutex_lock(&lock);
  listens = atomic_load(&state) == kListens && getpid() == owner ? 1 : open_locked();
  pthread_mutex_unlock(&lock);
  return listens;
}

void isojoule_close(void) {
  pthread_mutex_lock(&lock);
  if (atomic_load(&state) == kListens && is_owner()) send_kept(isojoule_now_ns());
  atomic_store(&state, kNobody);
  pthread_mutex_unlock(&lock);
}

static int mark_phase(const char* verb, const char* phase) {
  const int64_t now = isojoule_now_ns();
  char line[kLine];
  char* at;
  if (phase == NULL || !enter()) return 0;
  if (is_owner()) {
    send_kept(now);
    at = put_text(line, verb);
    at = put_words(at, line + sizeof(line) - kNumber - 2, phase, 1);
    *at++ = ' ';
    at = put_number(at, now);
    *at++ = '\n';
    send_bytes(line, (size_t)(at - line));
  }
  return leave();
}

int isojoule_phase_begin(const char* phase) { return mark_phase("begin ", phase); }
int isojoule_phase_end(const char* phase) { return mark_phase("end ", phase); }

int isojoule_batch_begin(void) {
  int64_t now;
  if (!enter()) return 0;
  now = isojoule_now_ns();
  batch_begin = now;
  return leave();
}

int isojoule_batch_end(void) {
  const int64_t now = isojoule_now_ns();
  if (!enter()) return 0;
  if (batch_begin >= 0) keep_batch(batch_begin, now);
  batch_begin = -1;
  return leave();
}

int isojoule_batch(int64_t begin_ns, int64_t end_ns) {
  if (!enter()) return 0;
  keep_batch(begin_ns, end_ns);
  return leave();
}

int isojoule_note(const char* key, const char* value) {
  char line[kLine];
  char* at;
  if (key == NULL || value == NULL || *key == '\0' || *value == '\0' || !enter()) return 0;
  if (is_owner()) {
    at = put_text(line, "note ");
    at = put_words(at, line + kLine / 4, key, 1);
    *at++ = ' ';
    at = put_words(at, line + sizeof(line) - 1, value, 0);
    *at++ = '\n';
    send_bytes(line, (size_t)(at - line));
  }
  return leave();
}

__attribute__((destructor)) static void at_end(void) { isojoule_close(); }
