/* A program tells whoever measures it what it is doing: isojoule measure -- PROGRAM.
 *
 * C11 and C++, no dependency: link libisojoule_mark, or build src/mark/isojoule.c into the program.
 * Where nobody measures, every call returns 0 at once, and the program does not notice.
 *
 *   isojoule_phase_begin("load");
 *   ...
 *   isojoule_phase_end("load");
 *   isojoule_phase_begin("inference");
 *   while (...) {
 *     isojoule_batch_begin();
 *     ...
 *     isojoule_batch_end();
 *   }
 *   isojoule_phase_end("inference");
 *
 * Every function may be called by any thread; times are taken inside, before anything else. Batches
 * are one after the other: several threads that infer at once are one batch to be marked by one of
 * them. A process made by fork() says nothing until it calls isojoule_open() itself.
 *
 * A batch is kept in memory (less than a microsecond for its two marks) and sent when a phase
 * begins or ends, every two seconds, after 512 batches, and at the end of the program.
 */
#ifndef ISOJOULE_ISOJOULE_H
#define ISOJOULE_ISOJOULE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 1 when somebody measures, 0 when not. The first of the other functions calls it. */
int isojoule_open(void);
/* Sends what is kept; after it nobody listens, until isojoule_open(). */
void isojoule_close(void);

/* The clock of all marks: CLOCK_MONOTONIC in nanoseconds. */
int64_t isojoule_now_ns(void);

/* One of load, graph_initialisation, inputs, first_inference, warm_up, inference, post_processing,
 * profiling, tear_down. Phases do not overlap, and none comes twice: an unknown name or another
 * order fails the run, and isojoule says why. */
int isojoule_phase_begin(const char* phase);
int isojoule_phase_end(const char* phase);

/* Inside the phase inference; without any phase, the batches make it. */
int isojoule_batch_begin(void);
int isojoule_batch_end(void);
/* A batch that has been, by isojoule_now_ns(). */
int isojoule_batch(int64_t begin_ns, int64_t end_ns);

/* About the run, for people: isojoule_note("engine", "ours 1.2"). "inferences" is a whole number:
 * how many the inference phase made. A key has no blanks, a value is one line. */
int isojoule_note(const char* key, const char* value);

#ifdef __cplusplus
}
#endif

#endif
