// Loops whose tasks several threads share. The thread that calls takes part: it does what no other
// has begun, and waits only for those that are in the middle of a task, so that a thread which the
// system does not let run delays nobody. Loops may be run by several threads at once.
#pragma once
#include "problem/integers.h"

namespace convcore {

class Loop;

// A thread's share of a loop. Numbers of threads, 0 for the calling one, are below `threads`: by
// them each thread has scratch memory of its own.
struct Share {
    Loop* loop;
    int thread;
    index_t at, end;  // tasks that were taken and not yet begun
};

// Calls function(data) in `threads` threads of another library, the calling one among them, and
// returns when all have: GNU OpenMP's GOMP_parallel.
using Team = void (*)(void (*function)(void*), void* data, unsigned threads, unsigned flags);

// Who shares loops from now on; the threads of our own where it is null.
void use_team(Team run);

// Calls body(context, share) here, and in up to `threads` - 1 other threads that are free, for
// `count` tasks which are taken `together` at a time. Not at all where the call was interrupted.
void share_loop(int threads, index_t count, index_t together, void (*body)(const void*, Share&),
                const void* context);

// Takes further tasks. False if there are none, or if the call is to end before its work is done.
bool take_tasks(Share& share);

// Whether the call is to end before its work is done, for tasks that take long.
bool interrupted(const Share& share);

namespace {

// The next task of a share, until it returns false.
inline bool next(Share& share, index_t& task) {
    if (share.at == share.end && !take_tasks(share)) return false;
    task = share.at++;
    return true;
}

// Calls body(share) in every thread that takes part; there `next` hands out the tasks.
template <class Body>
void parallel(int threads, index_t count, index_t together, const Body& body) {
    const auto call = [](const void* context, Share& share) {
        (*static_cast<const Body*>(context))(share);
    };
    share_loop(threads, count, together, call, &body);
}

// Calls visit(task, thread) for every task.
template <class Visit>
void parallel_for(int threads, index_t count, index_t together, const Visit& visit) {
    parallel(threads, count, together, [&](Share& share) {
        for (index_t i; next(share, i);) visit(i, share.thread);
    });
}

// How many tasks to take at a time where each is short: every thread takes some 16 times.
inline index_t few_of(index_t count, int threads) { return count / (16 * threads) + 1; }

// What any of the threads may find.
class Found {
  public:
    void set(bool found) {
        if (found) __atomic_store_n(&found_, true, __ATOMIC_RELAXED);
    }
    explicit operator bool() const { return found_; }

  private:
    bool found_ = false;
};

}  // namespace
}  // namespace convcore
