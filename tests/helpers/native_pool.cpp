// What the threads that share loops promise, each as a scenario that is named on the command line.
// Says "well", or ends by an assertion.
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "machine/interruption.h"
#include "machine/parallel.inl.h"

using namespace convcore;
using namespace std::chrono_literals;

namespace {

constexpr int THREADS = 4;

// A loop in which every task has to be done once, and no number of a thread given twice.
void check_loop(index_t count, index_t together) {
    std::vector<std::atomic<int>> done(static_cast<size_t>(count)), inside(THREADS);
    parallel(THREADS, count, together, [&](Share& own) {
        assert(own.thread >= 0 && own.thread < THREADS);
        assert(inside[size_t(own.thread)]++ == 0);
        for (index_t i; next(own, i);) ++done[size_t(i)];
        --inside[size_t(own.thread)];
    });
    for (const auto& times : done) assert(times == 1);
}

void check_loops(int times) {
    for (int i = 0; i < times; ++i) check_loop(i % 50, i % 7 + 1);
}

void every_task_once() {
    check_loops(2000);
    std::atomic<index_t> sum{0};
    parallel_for(1, 10, 3, [&](index_t i, int thread) {
        assert(thread == 0);
        sum += i;
    });
    assert(sum == 45);
}

void several_callers() {
    std::vector<std::thread> callers;
    for (int i = 0; i < 6; ++i) callers.emplace_back(check_loops, 500);
    for (std::thread& caller : callers) caller.join();
}

void loops_within_loops() {
    std::atomic<int> done{0};
    parallel_for(THREADS, 20, 1, [&](index_t, int) {
        parallel_for(THREADS, 20, 1, [&](index_t, int) { ++done; });
    });
    assert(done == 400);
}

// With one thread besides the callers (OMP_NUM_THREADS=2), which is kept in a task.
void a_thread_that_is_held_up() {
    std::atomic<bool> held{false}, release{false};
    std::thread caller([&] {
        parallel_for(2, 2, 1, [&](index_t, int thread) {
            if (thread == 0) {
                while (!held) std::this_thread::yield();
            } else {
                held = true;
                while (!release) std::this_thread::yield();
            }
        });
        assert(release);  // what was begun is waited for
    });
    while (!held) std::this_thread::yield();
    check_loops(1000);
    release = true;
    caller.join();
}

bool question() { return true; }

// Tasks of a millisecond each that would take minutes; the call after it is a new one.
void interruption() {
    ask_whether_to_stop(question);
    std::atomic<int> done{0};
    const auto start = std::chrono::steady_clock::now();
    begin_call();
    const auto pass = [&](index_t, int) {
        std::this_thread::sleep_for(1ms);
        ++done;
    };
    parallel_for(THREADS, 200000, 1, pass);
    const int before = done;
    parallel_for(THREADS, 200000, 1, pass);
    assert(was_interrupted() && done == before && before > 10);
    const auto passed = std::chrono::steady_clock::now() - start;
    assert(passed > 90ms && passed < 10s);
    begin_call();
    assert(!was_interrupted());
    check_loop(100, 1);
}

// The child has none of the parent's threads, whatever they were doing.
void fork_at_work() {
    std::atomic<bool> enough{false};
    std::vector<std::thread> callers;
    for (int i = 0; i < 3; ++i)
        callers.emplace_back([&] {
            while (!enough) check_loops(50);
        });
    for (int i = 0; i < 30; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(100 * i));
        const pid_t child = fork();
        if (child == 0) {
            alarm(30);
            check_loops(300);
            _exit(0);
        }
        int status;
        assert(waitpid(child, &status, 0) == child && status == 0);
        check_loops(20);
    }
    enough = true;
    for (std::thread& caller : callers) caller.join();
}

void exit_at_work() {
    std::thread([] {
        for (;;) check_loops(100);
    }).detach();
    check_loops(100);
}

struct Scenario {
    const char* name;
    void (*run)();
};
constexpr Scenario SCENARIOS[] = {
    {"every_task_once", every_task_once},
    {"several_callers", several_callers},
    {"loops_within_loops", loops_within_loops},
    {"a_thread_that_is_held_up", a_thread_that_is_held_up},
    {"interruption", interruption},
    {"fork_at_work", fork_at_work},
    {"exit_at_work", exit_at_work},
};

}  // namespace

int main(int, char** arguments) {
    for (const Scenario& scenario : SCENARIOS) {
        if (strcmp(scenario.name, arguments[1]) != 0) continue;
        scenario.run();
        puts("well");
        fflush(stdout);
        return 0;
    }
    return 2;
}
