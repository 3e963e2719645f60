#include "machine/interruption.h"

#include <stdint.h>
#include <time.h>

#include <atomic>

namespace convcore {

namespace {

constexpr int64_t PERIOD = 100'000'000;  // nanoseconds
// Half of what the exact one costs, and exact to a tick of the system.
#ifdef CLOCK_MONOTONIC_COARSE
constexpr clockid_t CLOCK = CLOCK_MONOTONIC_COARSE;
#else
constexpr clockid_t CLOCK = CLOCK_MONOTONIC;
#endif

std::atomic<bool (*)()> asked{nullptr};

struct Call {
    int64_t due;  // when to ask next; 0 where no clock was read yet
    bool stopped;
};
thread_local Call call{};

int64_t now() {
    timespec time;
    clock_gettime(CLOCK, &time);
    return int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

void ask_whether_to_stop(bool (*question)()) { asked = question; }

void begin_call() { call = {}; }

bool was_interrupted() { return call.stopped; }

bool interrupted() {
    if (call.stopped) return true;
    const int64_t time = now();
    if (time < call.due) return false;
    const auto question = asked.load(std::memory_order_relaxed);
    const bool first = call.due == 0;
    call.due = time + PERIOD;
    if (first || question == nullptr) return false;
    // What is run there may make calls of its own.
    const bool stopped = question();
    call = {time + PERIOD, stopped};
    return stopped;
}

}  // namespace convcore
