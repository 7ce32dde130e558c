/* What a program says of itself while its energy is measured, and how it asks what that cost.
 *
 * C11 and C++, no dependency: link libisojoule_mark, or build src/mark/isojoule.c into the program.
 * Where nobody measures, every call returns 0 at once, and the program does not notice. docs/api.md
 * has C, C++ (isojoule.hpp) and Python, limits and costs.
 *
 * Somebody measures
 *   - under `isojoule measure -- PROGRAM`: what is said here stands in its report;
 *   - alone: after isojoule_session_begin(), or from the first call on where the environment has
 *     ISOJOULE=1. Then the program `isojoule session` samples beside this one and answers.
 *
 *   isojoule_session_begin(NULL);
 *   int64_t window = isojoule_window_begin("preprocess");
 *   ...
 *   isojoule_window_end(window);
 *   isojoule_result result;
 *   result.size = sizeof(result);
 *   if (isojoule_window_energy(window, &result)) printf("%g J\n", result.energy_j);
 *   else puts(result.reason);
 *
 * Every function may be called by any thread, none by a signal handler; times are taken inside,
 * before anything else. A process made by fork() says nothing until it calls isojoule_open() or
 * isojoule_session_begin() itself. A text is UTF-8; of a name the first 255 bytes count.
 */
#ifndef ISOJOULE_ISOJOULE_H
#define ISOJOULE_ISOJOULE_H

/* NOLINTBEGIN(modernize-deprecated-headers): a header of C's */
#include <stddef.h>
#include <stdint.h>
/* NOLINTEND(modernize-deprecated-headers) */

#ifdef __cplusplus
extern "C" {
#endif

/* Rises when something is added; what is there stays as it is. */
#define ISOJOULE_API_VERSION 3
int isojoule_api_version(void); /* of the library that runs */

/* The clock of all marks: CLOCK_MONOTONIC in nanoseconds. */
int64_t isojoule_now_ns(void);

/* ---- Who measures ---- */

enum {
  ISOJOULE_NOBODY = 0,
  ISOJOULE_MEASURE = 1, /* isojoule measure, which this program reports to */
  ISOJOULE_ALONE = 2    /* a sampler that belongs to this process */
};

/* Fields may be added at the end: `size` is sizeof(isojoule_options) of the caller. All others 0 or
 * NULL: the usual. Strings are copied. */
typedef struct isojoule_options {
  size_t size;
  int64_t period_ns;  /* between two readings; 0: 100 ms */
  int64_t idle_ns;    /* first wait so long and take it for the idle power; 0: do not */
  int64_t timeout_ns; /* for the sampler's start and its answers, what they wait for readings and
                         for the idle power aside; 0: 20 s */
  const char*
      program; /* the program isojoule; NULL: $ISOJOULE_PROGRAM, $PATH, beside this library */
  const char* sysroot; /* as --sysroot; NULL: $ISOJOULE_SYSROOT, or this machine */
  const char* report;  /* a JSON file that is written at the end, %p in its name is the process;
                          NULL: $ISOJOULE_REPORT, or none */
} isojoule_options;

/* One session a process. Returns who measures. Alone it starts the sampler and waits until it has
 * its first readings (0.1 to 1 s); ISOJOULE_NOBODY: isojoule_reason() says why. Under
 * `isojoule measure` the options do not matter. `options` may be NULL. */
int isojoule_session_begin(const isojoule_options* options);

struct isojoule_result;
/* Ends the session and waits for the readings of its last moments; windows that are still open end
 * here. `result` gets the energy of the whole session and may be NULL. 1: there is an energy. Under
 * `isojoule measure` it only sends what is kept. */
int isojoule_session_end(struct isojoule_result* result);

/* Who measures now, ISOJOULE_NOBODY... without starting anything. */
int isojoule_listener(void);

/* Why nobody measures, or why the last answer did not come; "" where nothing is wrong. Returns its
 * length; at most size - 1 bytes are written, and a 0. */
size_t isojoule_reason(char* text, size_t size);

/* 1 when somebody measures, 0 when not. The first of the functions below calls it. */
int isojoule_open(void);
/* Sends what is kept; after it nobody listens, until isojoule_open() or isojoule_session_begin().
 */
void isojoule_close(void);

/* ---- Windows ---- */

/* A stretch of time with a name. Windows may lie in one another, overlap, come from several
 * threads, be begun in one thread and ended in another, and have the same name many times. Returns
 * its id, above 0; 0 where nobody measures, and isojoule_window_end(0) does nothing. A window that
 * is never ended ends with the program; that is counted and said. */
int64_t isojoule_window_begin(const char* name);
int isojoule_window_end(int64_t id);
/* A moment with a name. */
int isojoule_mark(const char* name);

enum {
  ISOJOULE_HAS_ENERGY = 1,
  ISOJOULE_HAS_NET = 2,
  ISOJOULE_HAS_DURATION = 4,
  ISOJOULE_IS_SIMULATED = 8 /* the readings are those of a simulated board */
};

enum { ISOJOULE_TEXT = 256 };

/* What it cost. A number is there only if its flag is set; otherwise it is 0 and `reason` says why.
 * Set `size` to sizeof(isojoule_result) before each call: fields may be added at the end. */
typedef struct isojoule_result {
  size_t size;
  uint32_t flags; /* ISOJOULE_HAS_... */
  uint32_t reserved;
  double energy_j;     /* of the board's total */
  double energy_u_j;   /* its standard uncertainty, k = 1 */
  double net_energy_j; /* less the idle power of the session's begin (isojoule_options.idle_ns) */
  double net_energy_u_j;
  double duration_s;    /* of all its windows together */
  uint64_t count;       /* how many windows */
  uint64_t overlapping; /* of these, such that share time with another one: each is counted whole */
  char counters[ISOJOULE_TEXT]; /* "sample_gap 2; negative_power 1": what went wrong, "" nothing */
  char reason[ISOJOULE_TEXT];   /* why energy or net energy are absent, or, of a session's end, why
                                   there is no report; "" otherwise */
} isojoule_result;

/* Alone only; `isojoule measure` gives the energies in its report. Waits until the readings that
 * the window's end needs have come: a sampling period and the power chip's averaging window. Only
 * the caller waits; other threads go on marking. 1: there is an energy. */
int isojoule_window_energy(int64_t id, isojoule_result* result);
/* All windows of the name that have ended; where each is too short for the sensor, they are still
 * seen together. */
int isojoule_name_energy(const char* name, isojoule_result* result);

/* ---- Phases and batches of a run: `isojoule measure` ---- */

/* One of load, graph_initialisation, inputs, first_inference, warm_up, inference, post_processing,
 * profiling, tear_down. Phases do not overlap, and none comes twice: an unknown name or another
 * order fails the run, and isojoule says why. Alone a phase is a window of that name. */
int isojoule_phase_begin(const char* phase);
int isojoule_phase_end(const char* phase);

/* Inside the phase inference; without any phase, the batches make it. They are one after the other:
 * several threads that infer at once are one batch to be marked by one of them. Alone a batch is a
 * window "batch". A batch is kept in memory and sent when a phase begins or ends, every two
 * seconds, after 512 batches, and at the end of the program. */
int isojoule_batch_begin(void);
int isojoule_batch_end(void);
/* A batch that has been, by isojoule_now_ns(). */
int isojoule_batch(int64_t begin_ns, int64_t end_ns);

/* About the run, for people: isojoule_note("engine", "ours 1.2"). "inferences" is a whole number:
 * how many the inference phase made. A key has no blanks, a value is one line; 0 for one of blanks.
 */
int isojoule_note(const char* key, const char* value);

/* ---- Requests of a service: `isojoule govern` ----
 *
 * Since version 3. A service says when a request came, when it was answered and how long each batch
 * took, and `isojoule govern` keeps the board where that costs least. None of these functions
 * waits, whoever listens: they write into memory that governor and service share. What finds no
 * room there is lost, and counted. Without a governor they cost one look at the clock; one that is
 * started later is found within a second of the next call, by its socket: $ISOJOULE_GOVERN,
 * /run/isojoule/govern.sock, or $XDG_RUNTIME_DIR/isojoule/govern.sock. A process that fork() made
 * of one that reports may report, too.
 *
 *   const int64_t came = isojoule_request_arrived();
 *   ...
 *   const int64_t begin = isojoule_now_ns();
 *   run(inputs, count);                        count: at most isojoule_batch_limit(ours)
 *   isojoule_batch_served(begin, count);
 *   isojoule_request_answered(came);           for each of them
 */

/* A request is here from now on. Returns the time, which says later which request is meant. */
int64_t isojoule_request_arrived(void);
/* Several that came together. */
int64_t isojoule_requests_arrived(int64_t count);
/* Its answer goes out now. 1: the governor is told; 0: nobody listens, or it was lost. */
int isojoule_request_answered(int64_t arrived_ns);
/* Nobody will answer it: refused, or given up. */
int isojoule_request_dropped(int64_t arrived_ns);
/* A batch of so many requests began at begin_ns, by isojoule_now_ns(), and ends now. A service that
 * marks no arrivals has its batches taken for requests that came when they began. */
int isojoule_batch_served(int64_t begin_ns, int64_t requests);
/* The most requests that a batch is to hold from now on, as the governor wants it; `otherwise`
 * where it has no opinion or nobody governs. */
int64_t isojoule_batch_limit(int64_t otherwise);
/* 1 when a governor listens to this process. Looks for one at once, and waits up to wait_ns for its
 * answer (0: does not wait). The functions above look by themselves. */
int isojoule_governed(int64_t wait_ns);
/* Of this process's marks for governors, how many were lost because there was no room. */
uint64_t isojoule_service_lost(void);

#ifdef __cplusplus
}
#endif

#endif
