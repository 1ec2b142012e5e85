//go:build onednn && cgo

// A pool of threads that works off numbered jobs together with its caller.
#ifndef OTF_WORKERS_H
#define OTF_WORKERS_H

typedef struct otf_workers otf_workers;

// A task does the given job; worker tells the threads apart, from 0.
typedef void (*otf_task)(void *arg, int job, int worker);

otf_workers *otf_workers_new(int threads);
void otf_workers_free(otf_workers *w);
int otf_workers_count(const otf_workers *w);

// otf_run does the jobs 0..jobs-1, in any order, and returns when all are done.
void otf_run(otf_workers *w, int jobs, otf_task task, void *arg);


// otf_rest lets threads that wait for a run sleep at once, as others need the cores.
void otf_rest(otf_workers *w);

#endif
