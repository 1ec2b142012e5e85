//go:build onednn && cgo

// The pool of threads. Go may call from another OS thread each time; OpenMP
// would make a pool for each of those, so the kernels have their own. Between
// two runs the threads spin for a moment, as the next layer follows at once,
// and then sleep.

#include "workers.h"

#include "denormals.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define SPIN_SECONDS 100e-6
#define SPINS 64 // between looks at the clock and offers of the core to others

struct otf_workers {
  int threads; // with the caller
  pthread_t *handles;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  int sleeping; // under lock
  int stop;     // under lock

  // gate is round·GATE_ROUND + 2·joined + open. A thread may join a round only
  // while it is open, so the caller need not wait for threads still asleep.
  _Atomic unsigned long gate;
  _Atomic int rest; // do not spin
  _Atomic int left; // threads that joined this round and are through
  _Atomic int next; // job
  int jobs;
  otf_task task;
  void *arg;
};

#define GATE_ROUND 65536ul

typedef struct {
  otf_workers *workers;
  int index;
} member;

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void take_jobs(otf_workers *w, int worker) {
  for (;;) {
    int job = atomic_fetch_add(&w->next, 1);
    if (job >= w->jobs) return;
    w->task(w->arg, job, worker);
  }
}

static int is_new(unsigned long gate, unsigned long round) { return (gate & 1) && gate / GATE_ROUND != round; }

// sleep_past waits until there was a round after the given one; 0: stop.
static int sleep_past(otf_workers *w, unsigned long round) {
  pthread_mutex_lock(&w->lock);
  w->sleeping++;
  while (!w->stop && atomic_load(&w->gate) / GATE_ROUND == round) pthread_cond_wait(&w->wake, &w->lock);
  w->sleeping--;
  int stop = w->stop;
  pthread_mutex_unlock(&w->lock);
  return !stop;
}

// await_round returns when a round other than the given one is open; 0: stop.
// Woken too late for one, it spins again: the next is near.
static int await_round(otf_workers *w, unsigned long round) {
  double end = seconds() + SPIN_SECONDS;
  for (int i = 1;; i++) {
    unsigned long gate = atomic_load_explicit(&w->gate, memory_order_relaxed);
    if (is_new(gate, round)) return 1;
    relax();
    if (i % SPINS == 0) sched_yield();
    if (atomic_load_explicit(&w->rest, memory_order_relaxed) || (i % SPINS == 0 && seconds() > end)) {
      if (!sleep_past(w, gate / GATE_ROUND)) return 0;
      end = seconds() + SPIN_SECONDS;
    }
  }
}

static void *work(void *arg) {
  member m = *(member *)arg;
  free(arg);
  otf_workers *w = m.workers;
  unsigned long round = 0;
  otf_flush_denormals(); // for good: the thread is the pool's
  while (await_round(w, round)) {
    unsigned long gate = atomic_load(&w->gate);
    if (!is_new(gate, round) || !atomic_compare_exchange_strong(&w->gate, &gate, gate + 2)) continue;
    round = gate / GATE_ROUND;
    take_jobs(w, m.index);
    atomic_fetch_add(&w->left, 1);
  }
  return NULL;
}

// start adds thread i; the pool stays smaller where the system refuses.
static int start(otf_workers *w, int i) {
  member *m = malloc(sizeof *m);
  if (!m) return 0;
  *m = (member){w, i};
  if (pthread_create(&w->handles[i - 1], NULL, work, m) == 0) return 1;
  free(m);
  return 0;
}

otf_workers *otf_workers_new(int threads) {
  otf_workers *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  w->handles = calloc((size_t)threads, sizeof *w->handles);
  if (!w->handles) {
    free(w);
    return NULL;
  }
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->wake, NULL);
  w->threads = 1;
  while (w->threads < threads && start(w, w->threads)) w->threads++;
  return w;
}

void otf_workers_free(otf_workers *w) {
  if (!w) return;
  pthread_mutex_lock(&w->lock);
  w->stop = 1;
  pthread_cond_broadcast(&w->wake);
  pthread_mutex_unlock(&w->lock);
  for (int i = 0; i < w->threads - 1; i++) pthread_join(w->handles[i], NULL);
  pthread_cond_destroy(&w->wake);
  pthread_mutex_destroy(&w->lock);
  free(w->handles);
  free(w);
}

int otf_workers_count(const otf_workers *w) { return w->threads; }

static void open_gate(otf_workers *w) {
  unsigned long round = atomic_load(&w->gate) / GATE_ROUND + 1;
  atomic_store(&w->rest, 0);
  atomic_store(&w->left, 0);
  atomic_store(&w->next, 0);
  atomic_store(&w->gate, round * GATE_ROUND + 1);
  pthread_mutex_lock(&w->lock);
  if (w->sleeping) pthread_cond_broadcast(&w->wake);
  pthread_mutex_unlock(&w->lock);
}

static void close_gate(otf_workers *w) {
  unsigned long gate = atomic_fetch_sub(&w->gate, 1);
  int joined = (int)(gate % GATE_ROUND / 2);
  for (int i = 1; atomic_load(&w->left) != joined; i++) {
    relax();
    if (i % SPINS == 0) sched_yield();
  }
}

static void run(otf_workers *w, int jobs, otf_task task, void *arg) {
  if (w->threads == 1 || jobs <= 1) {
    for (int job = 0; job < jobs; job++) task(arg, job, 0);
    return;
  }
  w->jobs = jobs;
  w->task = task;
  w->arg = arg;
  open_gate(w);
  take_jobs(w, 0);
  close_gate(w);
}

void otf_run(otf_workers *w, int jobs, otf_task task, void *arg) {
  unsigned mode = otf_flush_denormals();
  run(w, jobs, task, arg);
  otf_restore_denormals(mode);
}

void otf_rest(otf_workers *w) { atomic_store(&w->rest, 1); }
