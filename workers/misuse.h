/* misuse.h - what cannot go on: a rule of a header was broken by the caller.
 *
 * Logs the sentence and aborts, so that a core or a debugger shows who called. For bugs
 * of the program only, never for bad input.
 */
#ifndef SKITTER_WORKERS_MISUSE_H
#define SKITTER_WORKERS_MISUSE_H

_Noreturn void misuse(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold));

/* The system has no more of something without which nothing can go on (threads,
 * descriptors, mappings): logs the sentence and ends the process, as mem.h does. */
_Noreturn void exhausted(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold));

#endif
