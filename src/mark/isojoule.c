/* The client of isojoule.h: lines over the descriptor whose number is in ISOJOULE_FD
 * (docs/engines/command.md), or over a socket pair to `isojoule session`, which it starts. POSIX
 * and C11, nothing else.
 *
 * Windows and moments go into a ring of the thread that makes them, without a lock; whoever sends
 * holds `lock` and empties rings. Everything else is done under `lock`. `asking` is held while an
 * answer of the sampler is waited for, and taken before `lock`. Requests of a service take another
 * way, and none of these locks: memory that the governor shares.
 *
 * One file, though a long one: a program of anybody's builds it as it lies here, with no tool of
 * ours between, and nothing of it but isojoule.h has a name outside. Its parts are marked by lines.
 */
#define _POSIX_C_SOURCE 200809L

#include "isojoule/isojoule.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <asm/socket.h> /* SO_PEERCRED, which POSIX lacks */
#include <sys/auxv.h>
#endif

extern char** environ;

enum {
  kKept = 512,    /* batches */
  kRing = 1024,   /* marks of one thread; a power of two */
  kCache = 64,    /* names that a thread finds again without the lock; a power of two */
  kNames = 65536, /* distinct names of a process; all others are one */
  kNameTable = 131072,
  kNameLength = 255,
  kIds = 4096, /* a thread takes so many at once */
  kNumber = 21,
  kLine = 1024,
  kPath = 4096,
  kOut = 16384,
  kAnswer = 2048,
  kSessionDescriptor = 3
};
static const int64_t kSendPeriod = 2000000000;
static const int64_t kDefaultTimeout = 20000000000;
static const int64_t kLongest =
    86400000000000; /* a time that somebody gives: one day, no overflow */
static const char kSaidByMeasure[] = "isojoule measure says it in its report, at its end";
static const char kFurtherNames[] = "(further names)";

enum { kUnknown, kListens, kNobody };
enum { kBegin, kEnd, kMoment };

/* Read without the lock: where nobody listens, a mark costs this one look. */
static atomic_int state = kUnknown;
static atomic_int alone;         /* the descriptor is our own sampler's */
static atomic_llong sent;        /* when marks last went out */
static atomic_llong next_id = 1; /* of the next block of ids */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t ring_key;
static atomic_int has_ring_key;

static int descriptor = -1;
static dev_t
    descriptor_device; /* what it was when it was opened: programs close what is not theirs, */
static ino_t descriptor_file;   /* and then its number is another file's */
static pid_t owner;             /* whose marks these are */
static int64_t kept[2 * kKept]; /* begin, end, begin, end, ... */
static size_t kept_count;
static int64_t batch_begin = -1;

struct record {
  int64_t at;
  int64_t id; /* of a window */
  uint32_t name;
  uint32_t kind;
};

struct cached_name {
  const char* key;  /* the caller's pointer */
  const char* text; /* what stood there */
  uint32_t name;
};

/* One thread writes it (head), whoever holds the lock reads it (tail). */
struct ring {
  atomic_uint head, tail;
  atomic_int taken;
  struct ring* next;
  int64_t id, last_id; /* ids that the thread may give */
  struct cached_name cache[kCache];
  struct record records[kRing];
};
static struct ring* rings; /* never freed before the process ends: a thread may still write */
static _Thread_local struct ring* own_ring;

static char** names; /* by number; 0 is kFurtherNames */
static uint32_t name_count, name_capacity, names_sent;
static uint32_t* name_table; /* number + 1 by hash; 0: free */

static char why[ISOJOULE_TEXT];
static int wants_report;
static int64_t timeout_ns; /* of an answer */
/* Held with `asking`: what came of the sampler's answer. */
static char answer[kAnswer];
static size_t answer_size;
static uint64_t questions;

int isojoule_api_version(void) { return ISOJOULE_API_VERSION; }

int64_t isojoule_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- Texts ---- */

static char* put_text(char* at, const char* text) {
  const size_t size = strlen(text);
  memcpy(at, text, size);
  return at + size;
}

static char* put_unsigned(char* at, uint64_t rest) {
  char digits[kNumber];
  size_t count = 0;
  do {
    digits[count++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  while (count > 0) *at++ = digits[--count];
  return at;
}

static char* put_number(char* at, int64_t number) {
  return put_unsigned(at, number < 0 ? 0 : (uint64_t)number);
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

static void copy_text(char* to, size_t size, const char* from, size_t count) {
  if (size == 0) return;
  if (count > size - 1) count = size - 1;
  memcpy(to, from, count);
  to[count] = '\0';
}

static void say_why(const char* text) { copy_text(why, sizeof(why), text, strlen(text)); }

/* How many bytes of text make one UTF-8 sequence; 0: none. */
static size_t utf8_length(const unsigned char* text) {
  const unsigned char c = text[0];
  const size_t count = c < 0x80                ? 1
                       : c >= 0xc2 && c < 0xe0 ? 2
                       : c >= 0xe0 && c < 0xf0 ? 3
                       : c >= 0xf0 && c < 0xf5 ? 4
                                               : 0;
  size_t i;
  for (i = 1; i < count; ++i)
    if ((text[i] & 0xc0) != 0x80) return 0;
  if (c == 0xe0 && text[1] < 0xa0) return 0;  /* longer than need be */
  if (c == 0xed && text[1] >= 0xa0) return 0; /* a surrogate */
  if (c == 0xf0 && text[1] < 0x90) return 0;
  if (c == 0xf4 && text[1] >= 0x90) return 0;
  return count;
}

/* ---- Sending. The lock is held. ---- */

/* A pipe knows no MSG_NOSIGNAL: its SIGPIPE is held back, and taken if it is ours. */
static ssize_t write_quietly(const char* bytes, size_t count) {
  const struct timespec at_once = {0, 0};
  sigset_t pipe_signal, before, pending;
  ssize_t done;
  int error, was_pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigemptyset(&pending);
  sigpending(&pending);
  was_pending = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  done = write(descriptor, bytes, count);
  error = errno;
  if (done < 0 && error == EPIPE && !was_pending)
    while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR) {
    }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return done;
}

static int is_same_descriptor(void) {
  struct stat found;
  return fstat(descriptor, &found) == 0 && found.st_dev == descriptor_device &&
         found.st_ino == descriptor_file;
}

static void hear_nobody(const char* reason) {
  say_why(reason);
  atomic_store(&state, kNobody); /* it has gone; so be it */
}

/* isojoule measure may take its time. The sampler has nothing else to do: one that does not read
 * for so long hangs, on a bus perhaps, and the program is not to hang with it. */
static int await_room(void) {
  struct pollfd ready;
  int polled;
  ready.fd = descriptor;
  ready.events = POLLOUT;
  ready.revents = 0;
  polled = poll(&ready, 1, atomic_load(&alone) ? (int)(timeout_ns / 1000000) : -1);
  return polled != 0;
}

static void send_bytes(const char* bytes, size_t count) {
  if (count > 0 && atomic_load(&state) == kListens && !is_same_descriptor())
    hear_nobody("the program has closed the descriptor that its marks went to");
  while (count > 0 && atomic_load(&state) == kListens) {
    ssize_t done = send(descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done < 0 && errno == ENOTSOCK) done = write_quietly(bytes, count);
    if (done > 0) {
      bytes += done;
      count -= (size_t)done;
    } else if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!await_room()) hear_nobody("the sampler does not read what it is told");
    } else if (done < 0 && errno != EINTR) {
      hear_nobody(atomic_load(&alone) ? "the sampler has ended" : "who measured has gone");
    }
  }
}

/* A line of any length goes out in pieces. */
static char out[kOut];
static size_t out_size;

static void out_flush(void) {
  send_bytes(out, out_size);
  out_size = 0;
}

static char* out_room(size_t size) {
  if (out_size + size > sizeof(out)) out_flush();
  return out + out_size;
}

static void out_text(const char* text) {
  const size_t size = strlen(text);
  memcpy(out_room(size), text, size);
  out_size += size;
}

static void out_number(int64_t number) {
  char* const begin = out_room(kNumber + 1);
  char* at = begin;
  uint64_t size = (uint64_t)number;
  if (number < 0) {
    *at++ = '-';
    size = 0 - size;
  }
  out_size += (size_t)(put_unsigned(at, size) - begin);
}

/* A JSON string. What is no UTF-8 becomes '?'. */
static void out_string(const char* text) {
  const unsigned char* from = (const unsigned char*)text;
  out_text("\"");
  while (*from != '\0') {
    const size_t count = utf8_length(from);
    char* at = out_room(4);
    if (*from == '"' || *from == '\\') {
      *at++ = '\\';
      *at++ = (char)*from++;
    } else if (count == 0 || *from < ' ' || *from == 127) {
      *at++ = count == 0 ? '?' : ' ';
      ++from;
    } else {
      memcpy(at, from, count);
      at += count;
      from += count;
    }
    out_size = (size_t)(at - out);
  }
  out_text("\"");
}

/* Two copies of this file in one process are two clients. */
static int64_t client(void) {
  return ((int64_t)owner << 31) ^ (int64_t)((uintptr_t)&owner >> 4 & 0x7fffffff);
}

static void send_names(void) {
  uint32_t i;
  if (names_sent == name_count) return;
  out_text("{\"type\":\"window_names\",\"client\":");
  out_number(client());
  out_text(",\"from\":");
  out_number(names_sent);
  out_text(",\"names\":[");
  for (i = names_sent; i < name_count; ++i) {
    /* The listener takes lines of 1 MiB. */
    if (i > names_sent && i % 1024 == 0) {
      out_text("]}\n{\"type\":\"window_names\",\"client\":");
      out_number(client());
      out_text(",\"from\":");
      out_number(i);
      out_text(",\"names\":[");
    } else if (i > names_sent) {
      out_text(",");
    }
    out_string(names[i]);
  }
  out_text("]}\n");
  names_sent = name_count;
}

static void send_ring(struct ring* ring) {
  const unsigned head = atomic_load_explicit(&ring->head, memory_order_acquire);
  unsigned tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
  int64_t last;
  int is_first = 1;
  if (tail == head) return;
  last = ring->records[tail % kRing].at;
  send_names();
  out_text("{\"type\":\"window_marks\",\"client\":");
  out_number(client());
  out_text(",\"at_ns\":");
  out_number(last);
  out_text(",\"marks\":[");
  for (; tail != head; ++tail) {
    const struct record* record = &ring->records[tail % kRing];
    char* const begin = out_room(4 * kNumber + 8);
    char* at = begin;
    int64_t step = record->at - last;
    if (!is_first) *at++ = ',';
    is_first = 0;
    *at++ = (char)('0' + record->kind);
    *at++ = ',';
    if (record->kind != kMoment) {
      at = put_number(at, record->id);
      *at++ = ',';
    }
    if (record->kind != kEnd) {
      at = put_number(at, record->name);
      *at++ = ',';
    }
    if (step < 0) { /* a thread's clock does not run backwards, but who knows */
      *at++ = '-';
      step = -step;
    }
    at = put_number(at, step);
    last = record->at;
    out_size += (size_t)(at - begin);
  }
  out_text("]}\n");
  atomic_store_explicit(&ring->tail, tail, memory_order_release);
}

static void send_rings(void) {
  struct ring* ring;
  for (ring = rings; ring != NULL; ring = ring->next) send_ring(ring);
  out_flush();
}

static void empty_rings(void) {
  struct ring* ring;
  for (ring = rings; ring != NULL; ring = ring->next)
    atomic_store_explicit(&ring->tail, atomic_load_explicit(&ring->head, memory_order_acquire),
                          memory_order_release);
}

static void send_kept(int64_t now) {
  size_t i;
  atomic_store_explicit(&sent, now, memory_order_relaxed);
  if (kept_count > 0) {
    out_text("{\"type\":\"batches\",\"marks_ns\":[");
    for (i = 0; i < kept_count; ++i) {
      if (i > 0) out_text(",");
      out_number(kept[i] < 0 ? 0 : kept[i]);
    }
    out_text("]}\n");
    kept_count = 0;
  }
  send_rings();
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
  if ((kept_count == 2 * kKept ||
       end - atomic_load_explicit(&sent, memory_order_relaxed) >= kSendPeriod) &&
      is_owner())
    send_kept(end);
}

/* ---- Names. The lock is held. ---- */

static uint32_t hash_of(const char* text, size_t size) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  size_t i;
  for (i = 0; i < size; ++i) hash = (hash ^ (unsigned char)text[i]) * 16777619u;
  return hash;
}

static uint32_t add_name(const char* text, size_t size, uint32_t place) {
  char* copy;
  if (name_count == name_capacity) {
    const uint32_t capacity = name_capacity == 0 ? 64 : 2 * name_capacity;
    char** more = (char**)realloc((void*)names, capacity * sizeof(*names));
    if (more == NULL) return 0;
    names = more;
    name_capacity = capacity;
  }
  copy = (char*)malloc(size + 1);
  if (copy == NULL) return 0;
  copy_text(copy, size + 1, text, size);
  names[name_count++] = copy;
  name_table[place] = name_count;
  return name_count - 1;
}

static size_t length_of(const char* name) {
  const void* end = memchr(name, '\0', kNameLength);
  size_t size = end == NULL ? kNameLength : (size_t)((const char*)end - name);
  if (end == NULL) /* not in the middle of a letter */
    while (size > 0 && ((unsigned char)name[size] & 0xc0) == 0x80) --size;
  return size;
}

/* 0 where there is no room. */
static uint32_t number_of(const char* name) {
  const size_t size = length_of(name);
  uint32_t place = hash_of(name, size) % kNameTable;
  for (; name_table[place] != 0; place = (place + 1) % kNameTable) {
    const char* known = names[name_table[place] - 1];
    if (strlen(known) == size && memcmp(known, name, size) == 0) return name_table[place] - 1;
  }
  return name_count < kNames ? add_name(name, size, place) : 0;
}

static int prepare_names(void) {
  if (name_table == NULL) name_table = (uint32_t*)calloc(kNameTable, sizeof(*name_table));
  if (name_table == NULL) return 0;
  if (name_count == 0) number_of(kFurtherNames);
  return name_count > 0;
}

/* ---- fork() and threads that end ---- */

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void in_parent(void) { pthread_mutex_unlock(&lock); }

static void forget_search(void);
static void leave_silent_governor(void);

static void in_child(void) {
  struct ring* ring;
  const int was_alone = atomic_load(&alone);
  if (atomic_load(&state) == kListens) {
    say_why("this process is a copy made by fork()");
    atomic_store(&state, kNobody);
  }
  if (was_alone && descriptor >= 0) { /* the sampler is the parent's, and sees when it ends */
    close(descriptor);
    descriptor = -1;
    atomic_store(&alone, 0);
  }
  kept_count = 0;
  out_size = 0;
  wants_report = 0;
  empty_rings();
  for (ring = rings; ring != NULL; ring = ring->next)
    if (ring != own_ring) atomic_store(&ring->taken, 0); /* their threads are not here */
  pthread_mutex_init(&asking, NULL);                     /* another thread's, perhaps */
  forget_search();
  leave_silent_governor(); /* its greeting is the parent's */
  pthread_mutex_unlock(&lock);
}

/* What the thread left in its ring is sent with the others. */
static void thread_ends(void* ring) {
  own_ring = NULL;
  atomic_store_explicit(&((struct ring*)ring)->taken, 0, memory_order_release);
}

static void prepare_process(void) {
  pthread_atfork(before_fork, in_parent, in_child);
  atomic_store(&has_ring_key, pthread_key_create(&ring_key, thread_ends) == 0);
}

/* ---- Starting the sampler. The lock is held. ---- */

/* Nothing, in a program that has rights which its user has not: he would choose what it runs. */
static const char* environment(const char* variable) {
#ifdef AT_SECURE
  if (getauxval(AT_SECURE) != 0) return NULL;
#endif
  return getuid() != geteuid() || getgid() != getegid() ? NULL : getenv(variable);
}

static int is_program(const char* path) {
  struct stat found;
  return stat(path, &found) == 0 && S_ISREG(found.st_mode) && access(path, X_OK) == 0;
}

/* FOLDER/TAIL, where that is a program. */
static int take_program(char* path, const char* folder, size_t size, const char* tail) {
  if (size == 0 || size + strlen(tail) + 2 > kPath) return 0;
  memcpy(path, folder, size);
  path[size] = '/';
  memcpy(path + size + 1, tail, strlen(tail) + 1);
  return is_program(path);
}

static int program_of_path(char* path) {
  const char* at = environment("PATH");
  while (at != NULL && *at != '\0') {
    const char* end = strchr(at, ':');
    const size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
    if (take_program(path, at, size, "isojoule")) return 1;
    at = end == NULL ? NULL : end + 1;
  }
  return 0;
}

/* The file that this function was loaded from: the library, or the program it is linked into. */
static int own_file(char* path) {
  FILE* maps = fopen("/proc/self/maps", "re");
  const uintptr_t here = (uintptr_t)&isojoule_open;
  int found = 0;
  if (maps == NULL) return 0;
  while (!found && fgets(path, kPath, maps) != NULL) {
    char* end = NULL;
    const char* file;
    const unsigned long begin = strtoul(path, &end, 16);
    const unsigned long stop = *end == '-' ? strtoul(end + 1, NULL, 16) : 0;
    if (here < begin || here >= stop) continue;
    file = strchr(path, '/');
    if (file == NULL) break;
    memmove(path, file, strlen(file) + 1);
    path[strcspn(path, "\n")] = '\0';
    found = 1;
  }
  fclose(maps);
  return found;
}

static int program_beside_us(char* path) {
  static const char* const tails[] = {"isojoule", "../bin/isojoule", "../../bin/isojoule",
                                      "../../../bin/isojoule"};
  char file[kPath];
  size_t i, folder;
  if (!own_file(file) || strrchr(file, '/') == NULL) return 0;
  folder = (size_t)(strrchr(file, '/') - file);
  for (i = 0; i < sizeof(tails) / sizeof(*tails); ++i)
    if (take_program(path, file, folder, tails[i])) return 1;
  return 0;
}

static int find_program(char* path, const char* given) {
  const char* named = given != NULL ? given : environment("ISOJOULE_PROGRAM");
  if (named == NULL || *named == '\0') return program_of_path(path) || program_beside_us(path);
  if (strlen(named) >= kPath || !is_program(named)) return 0;
  memcpy(path, named, strlen(named) + 1);
  return 1;
}

/* Milliseconds with three digits behind the point, whatever the locale. */
static void milliseconds(char* text, int64_t ns) {
  char* at = put_number(text, ns / 1000000);
  const int64_t us = ns / 1000 % 1000;
  *at++ = '.';
  *at++ = (char)('0' + us / 100);
  *at++ = (char)('0' + us / 10 % 10);
  *at++ = (char)('0' + us % 10);
  *at = '\0';
}

static int set_up_spawn(posix_spawn_file_actions_t* actions, posix_spawnattr_t* attributes,
                        int theirs) {
  sigset_t all, none;
  sigfillset(&all);
  sigdelset(&all, SIGKILL);
  sigdelset(&all, SIGSTOP);
  sigemptyset(&none);
  return posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0) == 0 &&
         posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0) == 0 &&
         posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0) == 0 &&
         posix_spawn_file_actions_adddup2(actions, theirs, kSessionDescriptor) == 0 &&
         /* Ctrl-C on the terminal is the program's, which then ends the session. */
         posix_spawnattr_setpgroup(attributes, 0) == 0 &&
         posix_spawnattr_setsigdefault(attributes, &all) == 0 &&
         posix_spawnattr_setsigmask(attributes, &none) == 0 &&
         posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                                  POSIX_SPAWN_SETSIGMASK) == 0;
}

static pid_t spawn(char** words, int theirs) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  pid_t child = -1;
  if (posix_spawn_file_actions_init(&actions) != 0) return -1;
  if (posix_spawnattr_init(&attributes) == 0) {
    if (!set_up_spawn(&actions, &attributes, theirs) ||
        posix_spawn(&child, words[0], &actions, &attributes, words, environ) != 0)
      child = -1;
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

/* The sampler leaves the one that was started at once, so that it is nobody's child here and the
 * program's own wait() never meets it. What stays instead is some other program, and is ended. */
static int wait_for_start(pid_t child, int64_t deadline) {
  const struct timespec a_moment = {0, 1000000};
  int status = 0;
  for (;;) {
    const pid_t waited = waitpid(child, &status, WNOHANG);
    if (waited == child) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    /* ECHILD: the program lets nobody wait for children, or waits for them all. */
    if (waited < 0 && errno != EINTR) return 1;
    if (waited == 0 && isojoule_now_ns() > deadline) {
      kill(child, SIGKILL);
      deadline = INT64_MAX;
    }
    nanosleep(&a_moment, NULL);
  }
}

/* A pair of ends, neither of which other programs get; theirs is none of 0 to 3. */
static int connect_pair(int ends[2]) {
  int low[2], i;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, low) != 0) return 0;
  for (i = 0; i < 2; ++i) {
    ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 10);
    close(low[i]);
  }
  if (ends[0] >= 0 && ends[1] >= 0) return 1;
  for (i = 0; i < 2; ++i)
    if (ends[i] >= 0) close(ends[i]);
  return 0;
}

/* A whole line into `answer`, without its end. 0: it did not come in time, or never will. */
static int receive_line(int from, int64_t deadline) {
  answer_size = 0;
  for (;;) {
    struct pollfd ready;
    const int64_t left = deadline - isojoule_now_ns();
    ssize_t count;
    int polled;
    ready.fd = from;
    ready.events = POLLIN;
    ready.revents = 0;
    polled = poll(&ready, 1,
                  left <= 0                  ? 0
                  : left / 1000000 > 3600000 ? 3600000
                                             : (int)(left / 1000000) + 1);
    if (polled == 0 && left <= 0) return 0;
    if (polled <= 0) continue;
    count = recv(from, answer + answer_size, 1, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) return 0;
    if (count < 0) continue;
    if (answer[answer_size] == '\n') {
      answer[answer_size] = '\0';
      return 1;
    }
    if (answer_size + 2 < sizeof(answer)) ++answer_size;
  }
}

static int starts_with(const char* text, const char* words) {
  return strncmp(text, words, strlen(words)) == 0;
}

static int64_t time_in_answer(const char* words) {
  const long long ns = strtoll(answer + strlen(words), NULL, 10);
  return ns < 0 ? 0 : ns > kLongest ? kLongest : ns;
}

/* "isojoule-session wait NS": so long its first readings take, and the idle power; then
 * "isojoule-session 1 NS", which is how long its answers wait, or "isojoule-session 0\tREASON". */
static int take_hello(int ours) {
  static const char good[] = "isojoule-session 1", bad[] = "isojoule-session 0\t",
                    waits[] = "isojoule-session wait ";
  int64_t deadline = isojoule_now_ns() + timeout_ns;
  int heard;
  while ((heard = receive_line(ours, deadline)) != 0 && starts_with(answer, waits))
    deadline = isojoule_now_ns() + timeout_ns + time_in_answer(waits);
  if (heard && starts_with(answer, good)) {
    timeout_ns += time_in_answer(good);
    return 1;
  }
  if (!heard)
    say_why("the sampler did not start: no word from 'isojoule session'");
  else
    say_why(starts_with(answer, bad) ? answer + sizeof(bad) - 1
                                     : "the program isojoule speaks otherwise: is it of another "
                                       "version?");
  return 0;
}

/* 0: what is given cannot be, and `why` says so. */
static int take_options(const isojoule_options* given, isojoule_options* options) {
  const char* wrong = NULL;
  memset(options, 0, sizeof(*options));
  if (given == NULL) return 1;
  if (given->size >= sizeof(given->size))
    memcpy(options, given, given->size < sizeof(*options) ? given->size : sizeof(*options));
  else
    wrong = "isojoule_options.size is not set";
  if (options->period_ns < 0 || options->idle_ns < 0 || options->timeout_ns < 0)
    wrong = "isojoule_options: a time is negative, or no number";
  if ((options->sysroot != NULL && strlen(options->sysroot) >= kPath) ||
      (options->report != NULL && strlen(options->report) >= kPath))
    wrong = "isojoule_options: a path is too long";
  if (wrong != NULL) say_why(wrong);
  return wrong == NULL;
}

/* The words that `isojoule session` is started with; they point into it. */
struct command_line {
  char program[kPath], session[8], by[5], three[2], of[9], parent[kNumber + 1];
  char period[12], period_ms[kNumber + 5], idle[10], idle_ms[kNumber + 5];
  char root[10], sysroot[kPath], report[9], file[kPath];
  char* words[16];
  size_t count;
};

static void add_word(struct command_line* line, char* place, const char* text) {
  memcpy(place, text, strlen(text) + 1);
  line->words[line->count++] = place;
}

static void add_time(struct command_line* line, char* name_place, const char* name, char* place,
                     int64_t ns) {
  char text[kNumber + 5];
  if (ns == 0) return;
  milliseconds(text, ns);
  add_word(line, name_place, name);
  add_word(line, place, text);
}

static void make_command_line(struct command_line* line, const isojoule_options* options,
                              const char* path) {
  char parent[kNumber + 1];
  line->count = 0;
  *put_number(parent, getpid()) = '\0';
  add_word(line, line->program, path);
  add_word(line, line->session, "session");
  add_word(line, line->by, "--fd");
  add_word(line, line->three, "3");
  add_word(line, line->of, "--parent");
  add_word(line, line->parent, parent);
  add_time(line, line->period, "--period-ms", line->period_ms, options->period_ns);
  add_time(line, line->idle, "--idle-ms", line->idle_ms, options->idle_ns);
  if (options->sysroot != NULL) {
    add_word(line, line->root, "--sysroot");
    add_word(line, line->sysroot, options->sysroot);
  }
  if (options->report != NULL) {
    add_word(line, line->report, "--report");
    add_word(line, line->file, options->report);
  }
  line->words[line->count] = NULL;
}

static int start_sampler(const isojoule_options* options, const char* path) {
  struct command_line line;
  int ends[2], good;
  pid_t child;
  make_command_line(&line, options, path);
  timeout_ns = options->timeout_ns == 0         ? kDefaultTimeout
               : options->timeout_ns < kLongest ? options->timeout_ns
                                                : kLongest;
  if (!connect_pair(ends)) {
    say_why("no socket pair could be made");
    return 0;
  }
  child = spawn(line.words, ends[1]);
  close(ends[1]);
  good = child > 0 && wait_for_start(child, isojoule_now_ns() + timeout_ns);
  if (!good) say_why("the program isojoule could not be started, or knows no 'session'");
  if (!good || !take_hello(ends[0])) {
    close(ends[0]);
    return 0;
  }
  descriptor = ends[0];
  wants_report = options->report != NULL || environment("ISOJOULE_REPORT") != NULL;
  return 1;
}

/* ---- Opening and closing. The lock is held. ---- */

static void drop_sampler(void) {
  if (!atomic_load(&alone)) return;
  close(descriptor);
  descriptor = -1;
  atomic_store(&alone, 0);
}

static int listen_now(int is_alone) {
  struct stat found;
  if (fstat(descriptor, &found) != 0) {
    say_why("the descriptor of ISOJOULE_FD is not open here");
    return 0;
  }
  descriptor_device = found.st_dev;
  descriptor_file = found.st_ino;
  owner = getpid();
  kept_count = 0;
  out_size = 0;
  batch_begin = -1;
  names_sent = 0;
  why[0] = '\0';
  empty_rings();
  atomic_store(&sent, isojoule_now_ns());
  atomic_store(&alone, is_alone);
  atomic_store(&state, kListens);
  return 1;
}

/* Programs hand on their environment without the descriptor, and its number is another file's
 * there: ISOJOULE_FD_OWNER is who made the socket. */
static int is_of_owner(int socket) {
  const char* number = getenv("ISOJOULE_FD_OWNER");
#ifdef SO_PEERCRED
  struct { /* ucred, which C libraries show with their extensions only */
    pid_t process;
    uid_t user;
    gid_t group;
  } peer;
  socklen_t size = sizeof(peer);
  if (number == NULL) return 1;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return 0;
  return peer.process == 0 || strtol(number, NULL, 10) == peer.process; /* 0: not seen from here */
#else
  (void)socket;
  (void)number;
  return 1; /* nobody can tell */
#endif
}

static int listen_to_measure(int to) {
  descriptor = to;
  if (is_of_owner(to)) return listen_now(0);
  say_why("the descriptor of ISOJOULE_FD was not handed on to this program");
  return 0;
}

static int is_on(const char* variable) {
  const char* value = environment(variable);
  return value != NULL && strcmp(value, "1") == 0;
}

static int find_listener(int asks, const isojoule_options* options) {
  const char* number = getenv("ISOJOULE_FD");
  char* end = NULL;
  const long value = number == NULL ? -1 : strtol(number, &end, 10);
  char path[kPath];
  isojoule_options wanted;
  if (!prepare_names()) {
    say_why("no memory");
    return 0;
  }
  if (value >= 0 && value <= 1 << 20 && end != number && *end == '\0')
    return listen_to_measure((int)value);
  if (!asks && !is_on("ISOJOULE")) {
    say_why("nobody measures: neither 'isojoule measure', nor ISOJOULE=1, nor a session");
    return 0;
  }
  if (!take_options(options, &wanted)) return 0;
  if (!find_program(path, wanted.program)) {
    say_why("the program isojoule was not found: ISOJOULE_PROGRAM may say where it is");
    return 0;
  }
  /* A session that somebody begins takes its time, and other threads are to go on meanwhile. */
  if (asks) atomic_store(&state, kNobody);
  return start_sampler(&wanted, path) && listen_now(1);
}

/* Until it is known who listens, other threads wait for the lock: their windows count. */
static int open_locked(int asks, const isojoule_options* options) {
  int listens;
  pthread_once(&once, prepare_process);
  drop_sampler();
  atomic_store(&state, kUnknown);
  listens = find_listener(asks, options);
  if (!listens) atomic_store(&state, kNobody);
  return listens;
}

/* Somebody listens, as far as can be seen: a sampler that was killed is begun anew. */
static int is_there(void) {
  struct pollfd ready;
  if (atomic_load(&state) != kListens || getpid() != owner) return 0;
  if (!atomic_load(&alone)) return 1;
  ready.fd = descriptor;
  ready.events = 0;
  ready.revents = 0;
  return poll(&ready, 1, 0) <= 0 || ready.revents == 0;
}

/* Takes the lock when somebody listens. */
static int enter(void) {
  if (atomic_load_explicit(&state, memory_order_relaxed) == kNobody) return 0;
  pthread_mutex_lock(&lock);
  if (atomic_load(&state) == kUnknown) open_locked(0, NULL);
  if (atomic_load(&state) == kListens) return 1;
  pthread_mutex_unlock(&lock);
  return 0;
}

static int leave(void) {
  const int listens = atomic_load(&state) == kListens;
  pthread_mutex_unlock(&lock);
  return listens;
}

static int who(void) {
  if (atomic_load(&state) != kListens) return ISOJOULE_NOBODY;
  return atomic_load(&alone) ? ISOJOULE_ALONE : ISOJOULE_MEASURE;
}

/* Above, the lock is held. */

int isojoule_open(void) {
  int listens;
  pthread_mutex_lock(&asking); /* nobody waits for an answer of a sampler that goes */
  pthread_mutex_lock(&lock);
  listens = is_there() ? 1 : open_locked(0, NULL);
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&asking);
  return listens;
}

int isojoule_session_begin(const isojoule_options* options) {
  int now;
  pthread_mutex_lock(&asking);
  pthread_mutex_lock(&lock);
  if (!is_there()) open_locked(1, options);
  now = who();
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&asking);
  return now;
}

int isojoule_listener(void) { return who(); }

size_t isojoule_reason(char* text, size_t size) {
  size_t count;
  pthread_mutex_lock(&lock);
  count = strlen(why);
  if (text != NULL) copy_text(text, size, why, count);
  pthread_mutex_unlock(&lock);
  return count;
}

void isojoule_close(void) {
  pthread_mutex_lock(&asking);
  pthread_mutex_lock(&lock);
  if (atomic_load(&state) == kListens && is_owner()) send_kept(isojoule_now_ns());
  if (atomic_load(&state) == kListens) say_why("the session is over");
  atomic_store(&state, kNobody);
  drop_sampler();
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&asking);
}

/* ---- Windows and moments: no lock but for the first of a thread, a new name, a full ring ---- */

static struct ring* free_ring(void) {
  struct ring* ring;
  for (ring = rings; ring != NULL; ring = ring->next) {
    int free_one = 0;
    if (atomic_compare_exchange_strong(&ring->taken, &free_one, 1)) return ring;
  }
  ring = (struct ring*)calloc(1, sizeof(*ring));
  if (ring == NULL) return NULL;
  atomic_store(&ring->taken, 1);
  ring->next = rings;
  rings = ring;
  return ring;
}

static struct ring* take_ring(void) {
  struct ring* ring;
  pthread_once(&once, prepare_process);
  pthread_mutex_lock(&lock);
  ring = free_ring();
  pthread_mutex_unlock(&lock);
  if (ring != NULL && atomic_load(&has_ring_key)) pthread_setspecific(ring_key, ring);
  own_ring = ring;
  return ring;
}

/* 1 when somebody listens. */
static int is_heard(void) {
  const int now = atomic_load_explicit(&state, memory_order_acquire);
  if (now != kUnknown) return now == kListens;
  return enter() && leave();
}

static uint32_t find_name(struct ring* ring, const char* name) {
  struct cached_name* const cached =
      &ring->cache[((uintptr_t)name ^ (uintptr_t)name >> 6) % kCache];
  if (cached->key == name && strcmp(cached->text, name) == 0) return cached->name;
  pthread_mutex_lock(&lock);
  cached->name = number_of(name);
  cached->text = names[cached->name];
  cached->key = name;
  pthread_mutex_unlock(&lock);
  return cached->name;
}

static int push(struct ring* ring, uint32_t kind, int64_t id, uint32_t name, int64_t now) {
  const unsigned head = atomic_load_explicit(&ring->head, memory_order_relaxed);
  struct record* const record = &ring->records[head % kRing];
  record->at = now;
  record->id = id;
  record->name = name;
  record->kind = kind;
  atomic_store_explicit(&ring->head, head + 1, memory_order_release);
  if (head + 1 - atomic_load_explicit(&ring->tail, memory_order_acquire) < kRing &&
      now - atomic_load_explicit(&sent, memory_order_relaxed) < kSendPeriod)
    return 1;
  if (!enter()) { /* nobody will ever empty it: the next begins anew */
    pthread_mutex_lock(&lock);
    empty_rings();
    pthread_mutex_unlock(&lock);
    return 0;
  }
  if (is_owner()) {
    if (now - atomic_load_explicit(&sent, memory_order_relaxed) >= kSendPeriod) {
      send_kept(now);
    } else {
      send_ring(ring);
      out_flush();
    }
  }
  return leave();
}

int64_t isojoule_window_begin(const char* name) {
  int64_t now, id;
  struct ring* ring;
  if (name == NULL || !is_heard()) return 0;
  now = isojoule_now_ns();
  ring = own_ring != NULL ? own_ring : take_ring();
  if (ring == NULL) return 0;
  if (ring->id == ring->last_id) {
    ring->id = atomic_fetch_add_explicit(&next_id, kIds, memory_order_relaxed);
    ring->last_id = ring->id + kIds;
  }
  id = ring->id++;
  return push(ring, kBegin, id, find_name(ring, name), now) ? id : 0;
}

int isojoule_window_end(int64_t id) {
  int64_t now;
  struct ring* ring;
  if (id <= 0 || !is_heard()) return 0;
  now = isojoule_now_ns();
  ring = own_ring != NULL ? own_ring : take_ring();
  return ring != NULL && push(ring, kEnd, id, 0, now);
}

int isojoule_mark(const char* name) {
  int64_t now;
  struct ring* ring;
  if (name == NULL || !is_heard()) return 0;
  now = isojoule_now_ns();
  ring = own_ring != NULL ? own_ring : take_ring();
  return ring != NULL && push(ring, kMoment, 0, find_name(ring, name), now);
}

/* ---- Asking the sampler ---- */

static void clear(isojoule_result* result, isojoule_result* full) {
  memset(full, 0, sizeof(*full));
  full->size = result != NULL ? result->size : sizeof(*full);
}

/* Of a caller's older or newer struct, what both know. */
static int hand_over(isojoule_result* result, const isojoule_result* full) {
  const size_t known = full->size < sizeof(*full) ? full->size : sizeof(*full);
  if (result != NULL && known >= sizeof(full->size)) {
    const size_t size = result->size;
    memcpy(result, full, known);
    result->size = size;
  }
  return (full->flags & ISOJOULE_HAS_ENERGY) != 0;
}

static int refuse(isojoule_result* result, const char* reason) {
  isojoule_result full;
  clear(result, &full);
  copy_text(full.reason, sizeof(full.reason), reason, strlen(reason));
  return hand_over(result, &full);
}

static double number_from(const char** at) {
  char* end = NULL;
  const uint64_t bits = strtoull(*at, &end, 16);
  double number;
  memcpy(&number, &bits, sizeof(number));
  *at = end;
  return number;
}

static uint64_t count_from(const char** at) {
  char* end = NULL;
  const uint64_t count = strtoull(*at, &end, 10);
  *at = end;
  return count;
}

static void text_from(const char** at, char* text) {
  const size_t size = strcspn(*at, "\t");
  copy_text(text, ISOJOULE_TEXT, *at, size);
  *at += size;
  if (**at == '\t') ++*at;
}

/* "answer QUESTION FLAGS COUNT OVERLAPPING E U NET NET_U DURATION\tCOUNTERS\tREASON", the numbers
 * as the bits of a double: no locale has a say. */
static int read_answer(uint64_t question, isojoule_result* full) {
  const char* at = answer;
  if (strncmp(at, "answer ", 7) != 0) return 0;
  at += 7;
  if (count_from(&at) != question) return 0;
  full->flags = (uint32_t)count_from(&at);
  full->count = count_from(&at);
  full->overlapping = count_from(&at);
  full->energy_j = number_from(&at);
  full->energy_u_j = number_from(&at);
  full->net_energy_j = number_from(&at);
  full->net_energy_u_j = number_from(&at);
  full->duration_s = number_from(&at);
  if (*at == '\t') ++at;
  text_from(&at, full->counters);
  text_from(&at, full->reason);
  return 1;
}

/* Sends {"type":"ask",...} behind everything that is kept. 0: nobody is there; `to` is who. */
static int send_question(const char* what, int64_t id, const char* name, uint64_t question,
                         int* to) {
  int good = 0;
  if (!enter()) return 0;
  if (atomic_load(&alone) && is_owner()) {
    send_kept(isojoule_now_ns());
    out_text("{\"type\":\"ask\",\"question\":");
    out_number((int64_t)question);
    out_text(",\"client\":");
    out_number(client());
    out_text(",\"what\":\"");
    out_text(what);
    out_text("\",\"at_ns\":");
    out_number(isojoule_now_ns());
    out_text(",\"id\":");
    out_number(id);
    out_text(",\"name\":");
    out_string(name);
    out_text("}\n");
    out_flush();
    *to = descriptor;
    good = 1;
  }
  return leave() && good;
}

static int ask(const char* what, int64_t id, const char* name, isojoule_result* result) {
  isojoule_result full;
  char reason[ISOJOULE_TEXT];
  int from = -1, good;
  uint64_t question;
  if (is_heard() && !atomic_load(&alone)) return refuse(result, kSaidByMeasure);
  clear(result, &full);
  pthread_mutex_lock(&asking);
  question = ++questions;
  good = send_question(what, id, name, question, &from);
  if (good) {
    const int64_t deadline = isojoule_now_ns() + timeout_ns;
    do good = receive_line(from, deadline);
    while (good && !read_answer(question, &full)); /* an answer that came too late for its asker */
    if (!good) {
      pthread_mutex_lock(&lock);
      say_why("the sampler did not answer");
      pthread_mutex_unlock(&lock);
    }
  }
  pthread_mutex_unlock(&asking);
  if (good) return hand_over(result, &full);
  isojoule_reason(reason, sizeof(reason));
  return refuse(result, reason);
}

int isojoule_window_energy(int64_t id, isojoule_result* result) {
  if (id > 0) return ask("window", id, "", result);
  return refuse(result, "this is no window: nobody measured when it began");
}

int isojoule_name_energy(const char* name, isojoule_result* result) {
  char cut[kNameLength + 1];
  if (name == NULL) return refuse(result, "without a name");
  copy_text(cut, sizeof(cut), name, length_of(name));
  return ask("name", 0, cut, result);
}

int isojoule_session_end(isojoule_result* result) {
  int good;
  if (atomic_load(&state) == kUnknown) return refuse(result, "no session was begun");
  if (who() == ISOJOULE_MEASURE) { /* not ours to end */
    if (enter()) {
      if (is_owner()) send_kept(isojoule_now_ns());
      leave();
    }
    return refuse(result, kSaidByMeasure);
  }
  good = ask("end", 0, "", result);
  isojoule_close();
  return good;
}

/* ---- Phases, batches, notes ---- */

static int mark_phase(const char* verb, const char* phase) {
  int64_t now;
  char line[kLine];
  char* at;
  if (phase == NULL || !is_heard()) return 0;
  now = isojoule_now_ns();
  if (!enter()) return 0;
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
  int64_t now;
  if (!is_heard()) return 0;
  now = isojoule_now_ns();
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

/* Something that can be seen: a note of blanks is none. */
static int has_words(const char* text) {
  for (; text != NULL && *text != '\0'; ++text)
    if ((unsigned char)*text > ' ' && *text != 127) return 1;
  return 0;
}

int isojoule_note(const char* key, const char* value) {
  char line[kLine];
  char* at;
  if (!has_words(key) || !has_words(value) || !enter()) return 0;
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

/* ---- Requests of a service ----
 *
 * The governor listens at a Unix socket and passes whoever connects a file of memory: a header and
 * a queue of fixed records that many threads and processes may write (D. Vyukov's bounded queue: a
 * number in each slot says whose turn it is). No lock, no call into the kernel; a full queue loses
 * the mark. The mapping is made once and never taken away, because another thread may be writing:
 * the memory of the next governor is put in its place (MAP_FIXED).
 *
 * The words of the socket and the layout stand in src/app/govern/service_ring.h, too.
 */
enum {
  kServiceVersion = 1,
  kServiceSlots = 16384, /* a power of two */
  kServiceHeader = 4096,
  kServiceTries = 64, /* for a slot, when others take them, too */
  kArrived = 1,
  kAnswered = 2,
  kDropped = 3,
  kServed = 4
};
static const int64_t kSearchPeriod = 500000000;
static const int64_t kGreetingWait = 1000000000; /* a governor that says nothing is called anew */
#ifdef MSG_CMSG_CLOEXEC
static const int kCloseOnExec = MSG_CMSG_CLOEXEC;
#else
static const int kCloseOnExec = 0;
#endif
static const char kGovernHello[] = "isojoule-govern 1\n";
static const char kGovernPlace[] = "/run/isojoule/govern.sock";

struct service_slot {
  _Atomic uint64_t turn;
  int64_t at, other; /* other: arrival of the request, begin of the batch */
  int32_t count;
  uint32_t kind;
};

struct service_memory {
  uint32_t version, slots;
  char pad0[56];
  _Atomic uint64_t head; /* of the next mark */
  char pad1[56];
  _Atomic uint64_t lost;
  char pad2[56];
  _Atomic int64_t batch_limit; /* the governor's; 0: no opinion */
  char pad3[56];
  char rest[kServiceHeader - 256];
  struct service_slot slot[kServiceSlots];
};

static _Atomic(struct service_memory*) service; /* NULL until the first governor; then it stays */
static atomic_int governed;                     /* somebody reads it */
static atomic_int searching = 0;                /* a thread is at it: others go on */
static atomic_llong next_search;                /* when to look again */
static atomic_ullong service_lost;
static int governor = -1;     /* the socket; of whoever holds `searching`, as the next */
static int governor_speaks;   /* it has sent its memory */
static dev_t governor_device; /* as of `descriptor` */
static ino_t governor_file;
static int64_t governor_called; /* when */

static void forget_search(void) { atomic_store(&searching, 0); }

static void leave_governor(void) {
  struct stat found;
  atomic_store(&governed, 0);
  if (governor >= 0 && fstat(governor, &found) == 0 && found.st_dev == governor_device &&
      found.st_ino == governor_file)
    close(governor);
  governor = -1;
  governor_speaks = 0;
}

static void leave_silent_governor(void) {
  if (governor >= 0 && !governor_speaks) leave_governor();
}

/* 0: nobody listens there. Does not wait. */
static int call_governor(const char* path) {
  struct sockaddr_un address;
  struct stat found;
  int low;
  if (path == NULL || strlen(path) >= sizeof(address.sun_path)) return 0;
  memset(&address, 0, sizeof(address));
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path, strlen(path) + 1);
  low = socket(AF_UNIX, SOCK_STREAM, 0);
  if (low < 0) return 0;
  governor = fcntl(low, F_DUPFD_CLOEXEC, 10);
  close(low);
  if (governor < 0) return 0;
  if (fcntl(governor, F_SETFL, O_NONBLOCK) != 0 || fstat(governor, &found) != 0 ||
      connect(governor, (const struct sockaddr*)&address, sizeof(address)) != 0) {
    close(governor);
    governor = -1;
    return 0;
  }
  governor_device = found.st_dev;
  governor_file = found.st_ino;
  governor_called = isojoule_now_ns();
  return 1;
}

static int find_governor(void) {
  const char* named = environment("ISOJOULE_GOVERN");
  const char* folder;
  char path[kPath];
  if (named != NULL && *named != '\0') return call_governor(named);
  if (call_governor(kGovernPlace)) return 1;
  folder = environment("XDG_RUNTIME_DIR");
  if (folder == NULL || strlen(folder) + 32 > sizeof(path)) return 0;
  *put_text(put_text(path, folder), "/isojoule/govern.sock") = '\0';
  return call_governor(path);
}

/* Nobody can shrink it: a program that touches what is no longer there dies of it. */
static int stays_long(int memory) {
#ifdef __linux__
  enum { kGetSeals = 1034, kSealShrink = 2 }; /* F_GET_SEALS, F_SEAL_SHRINK: not of POSIX */
  const int seals = fcntl(memory, kGetSeals);
  return seals >= 0 && (seals & kSealShrink) != 0;
#else
  (void)memory;
  return 1;
#endif
}

static int map_service(int memory) {
  const int flags = MAP_SHARED | (atomic_load(&service) != NULL ? MAP_FIXED : 0);
  struct service_memory* before = atomic_load(&service);
  struct stat found;
  void* mapped;
  if (fstat(memory, &found) != 0 || found.st_size != (off_t)sizeof(struct service_memory)) return 0;
  if (!stays_long(memory)) return 0;
  mapped = mmap(before, sizeof(*before), PROT_READ | PROT_WRITE, flags, memory, 0);
  if (mapped == MAP_FAILED) return 0;
  before = (struct service_memory*)mapped;
  atomic_store(&service, before);
  return before->version == kServiceVersion && before->slots == kServiceSlots;
}

/* What the governor has said since: its greeting with the memory, or nothing; 0: it has gone. */
static int hear_governor(void) {
  char bytes[64];
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
  } control;
  struct iovec part;
  struct msghdr message;
  struct cmsghdr* header;
  ssize_t count;
  int memory = -1, good;
  part.iov_base = bytes;
  part.iov_len = sizeof(bytes);
  memset(&message, 0, sizeof(message));
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof(control.bytes);
  count = recvmsg(governor, &message, MSG_DONTWAIT | kCloseOnExec);
  if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  if (count == 0) return 0;
  header = CMSG_FIRSTHDR(&message);
  if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
    memcpy(&memory, CMSG_DATA(header), sizeof(memory));
  if (governor_speaks) { /* nothing more is to come, whatever it is */
    if (memory >= 0) close(memory);
    return 1;
  }
  good = memory >= 0 && (size_t)count == sizeof(kGovernHello) - 1 &&
         memcmp(bytes, kGovernHello, (size_t)count) == 0 && map_service(memory);
  if (memory >= 0) close(memory); /* the mapping stays */
  if (!good) return 0;
  governor_speaks = 1;
  atomic_store(&governed, 1);
  return 1;
}

/* Every so often one thread looks whether a governor came or went. */
static void look_for_governor(int64_t now) {
  int none = 0;
  if (!atomic_compare_exchange_strong(&searching, &none, 1)) return;
  pthread_once(&once, prepare_process);
  atomic_store_explicit(&next_search, now + kSearchPeriod, memory_order_relaxed);
  if (governor >= 0 && !hear_governor()) leave_governor();
  if (governor >= 0 && now - governor_called > kGreetingWait) leave_silent_governor();
  if (governor < 0 && find_governor()) {
    /* Its greeting is there in a moment: the next look need not be far. */
    atomic_store_explicit(&next_search, now + kSearchPeriod / 50, memory_order_relaxed);
    if (!hear_governor()) leave_governor();
  }
  atomic_store(&searching, 0);
}

static int lose_mark(struct service_memory* memory) {
  atomic_fetch_add_explicit(&service_lost, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&memory->lost, 1, memory_order_relaxed);
  return 0;
}

/* 1: the governor will see it. */
static int tell_governor(uint32_t kind, int64_t at, int64_t other, int64_t count) {
  struct service_memory* memory;
  uint64_t head;
  int tries;
  if (at >= atomic_load_explicit(&next_search, memory_order_relaxed)) look_for_governor(at);
  if (!atomic_load_explicit(&governed, memory_order_acquire)) return 0;
  memory = atomic_load_explicit(&service, memory_order_relaxed);
  head = atomic_load_explicit(&memory->head, memory_order_relaxed);
  for (tries = 0; tries < kServiceTries; ++tries) {
    struct service_slot* const slot = &memory->slot[head % kServiceSlots];
    const uint64_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
    if (turn == head) {
      if (!atomic_compare_exchange_weak_explicit(&memory->head, &head, head + 1,
                                                 memory_order_relaxed, memory_order_relaxed))
        continue;
      slot->at = at;
      slot->other = other;
      slot->count = (int32_t)(count > INT32_MAX   ? INT32_MAX
                              : count < INT32_MIN ? INT32_MIN
                                                  : count);
      slot->kind = kind;
      atomic_store_explicit(&slot->turn, head + 1, memory_order_release);
      return 1;
    }
    if ((int64_t)(turn - head) < 0) return lose_mark(memory); /* full */
    head = atomic_load_explicit(&memory->head, memory_order_relaxed);
  }
  return lose_mark(memory);
}

int64_t isojoule_requests_arrived(int64_t count) {
  const int64_t now = isojoule_now_ns();
  tell_governor(kArrived, now, 0, count);
  return now;
}

int64_t isojoule_request_arrived(void) { return isojoule_requests_arrived(1); }

int isojoule_request_answered(int64_t arrived_ns) {
  return tell_governor(kAnswered, isojoule_now_ns(), arrived_ns, 1);
}

int isojoule_request_dropped(int64_t arrived_ns) {
  return tell_governor(kDropped, isojoule_now_ns(), arrived_ns, 1);
}

int isojoule_batch_served(int64_t begin_ns, int64_t requests) {
  return tell_governor(kServed, isojoule_now_ns(), begin_ns, requests);
}

int64_t isojoule_batch_limit(int64_t otherwise) {
  int64_t most;
  if (!atomic_load_explicit(&governed, memory_order_acquire)) return otherwise;
  most = atomic_load_explicit(&atomic_load_explicit(&service, memory_order_relaxed)->batch_limit,
                              memory_order_relaxed);
  return most > 0 ? most : otherwise;
}

int isojoule_governed(int64_t wait_ns) {
  const struct timespec a_moment = {0, 1000000};
  const int64_t deadline = isojoule_now_ns() + (wait_ns < kLongest ? wait_ns : kLongest);
  for (;;) {
    look_for_governor(isojoule_now_ns());
    if (atomic_load(&governed)) return 1;
    if (isojoule_now_ns() >= deadline) return 0;
    nanosleep(&a_moment, NULL);
  }
}

uint64_t isojoule_service_lost(void) { return atomic_load(&service_lost); }

/* The end of the program, or of the library's stay in it. A report is waited for, so that it is
 * there when the program is gone; rings stay, because other threads may still be writing. */
#if defined(__GNUC__)
__attribute__((destructor))
#endif
static void
at_end(void) {
  if (who() == ISOJOULE_ALONE && wants_report && getpid() == owner)
    isojoule_session_end(NULL);
  else
    isojoule_close();
  if (atomic_exchange(&has_ring_key, 0)) pthread_key_delete(ring_key);
}
