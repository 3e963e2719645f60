// The threads that share loops, made when they are first needed, and never ended. Nothing here
// takes a lock that a fork could leave taken: a child has none of these threads and makes its own.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>

#include "machine/interruption.h"
#include "machine/parallel.inl.h"
#include "machine/threads.h"

namespace convcore {

class alignas(64) Loop {
  public:
    Loop(index_t count, index_t together, void (*body)(const void*, Share&), const void* context)
        : count_(count), together_(together), body_(body), context_(context), begun_(together) {}

    // The calling thread's share; the first tasks are its own.
    void run() {
        Share share{this, 0, 0, smaller(together_, count_)};
        body_(context_, share);
    }

    // The share of a thread that found the loop in its mailbox, maybe when all was done.
    void join() {
        if (!open()) return;
        Share share{this, threads_.fetch_add(1, std::memory_order_relaxed) + 1, 0, 0};
        body_(context_, share);
    }

    bool take(Share& share) {
        if (!open() || stops(share)) return false;
        share.at = begun_.fetch_add(together_, std::memory_order_relaxed);
        share.end = smaller(share.at + together_, count_);
        if (share.at < count_) return true;
        share.at = share.end;
        return false;
    }

    // Whoever made the call asks whether it is to go on; the other threads hear of it.
    bool stops(const Share& share) {
        if (share.thread == 0 && interrupted()) stop();
        return stopped_.load(std::memory_order_relaxed);
    }

    void stop() { stopped_.store(true, std::memory_order_relaxed); }

  private:
    bool open() const { return begun_.load(std::memory_order_relaxed) < count_; }

    const index_t count_, together_;
    void (*const body_)(const void*, Share&);
    const void* const context_;
    std::atomic<int> threads_{0};
    std::atomic<bool> stopped_{false};
    alignas(64) std::atomic<index_t> begun_;
};

namespace {

// Between the loops of a call, and from one short call to the next; waking takes about as long.
constexpr std::chrono::microseconds SPIN{50};
constexpr std::chrono::milliseconds LOOK{100};  // for an interruption, while others work

inline void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb");
#endif
}

// The processor that the thread runs on, and a way to another one. Systems like to wake a thread
// where the one runs that wakes it, in whose way it then is for as long as it is woken from there.
#ifdef __linux__
int processor() { return sched_getcpu(); }

void leave(int processor) {
    cpu_set_t all, others;
    if (sched_getaffinity(0, sizeof all, &all) != 0) return;
    others = all;
    CPU_CLR(processor, &others);
    if (sched_setaffinity(0, sizeof others, &others) == 0) sched_setaffinity(0, sizeof all, &all);
}
#else
int processor() { return -1; }
void leave(int) {}
#endif

// A thread, with the mailbox by which it is given loops.
class Worker {
  public:
    // To start with the loop.
    explicit Worker(Loop& loop) : mail_(mark(loop)) {}

    // Gives it the loop, if it is free.
    bool claim(Loop& loop) {
        uintptr_t mail = FREE;
        if (mail_.load(std::memory_order_relaxed) != FREE) return false;
        if (!mail_.compare_exchange_strong(mail, mark(loop))) return false;
        caller_.store(processor(), std::memory_order_relaxed);
        wake();
        return true;
    }

    // Takes the loop back where it has not been begun, and waits for what is being done of it.
    void dismiss(Loop& loop) {
        uintptr_t mail = mark(loop);
        if (mail_.compare_exchange_strong(mail, FREE)) return;
        const auto done = [&] { return mail_.load() != (mark(loop) | BUSY); };
        if (done() || spin(done)) return;
        while (!sleep_until(done, LOOK))
            if (interrupted()) loop.stop();
    }

    // Joins one loop after the other, for ever.
    void work() {
        for (;;) {
            uintptr_t mail;
            const auto called = [&] { return (mail = mail_.load()) != FREE; };
            if (!spin(called)) sleep_until(called);
            const int here = processor();
            if (here != -1 && here == caller_.load(std::memory_order_relaxed)) leave(here);
            if (!mail_.compare_exchange_strong(mail, mail | BUSY)) continue;
            reinterpret_cast<Loop*>(mail)->join();
            mail_.store(FREE);  // from here on the loop may be gone
            wake();
        }
    }

    Worker* next = nullptr;  // of all there are

  private:
    static constexpr uintptr_t FREE = 0, BUSY = 1;  // beside the address of a loop

    static uintptr_t mark(Loop& loop) { return reinterpret_cast<uintptr_t>(&loop); }

    template <class Condition>
    static bool spin(const Condition& condition) {
        const auto end = std::chrono::steady_clock::now() + SPIN;
        do {
            for (int i = 0; i < 16; ++i) {
                if (condition()) return true;
                pause();
            }
        } while (std::chrono::steady_clock::now() < end);
        return false;
    }

    template <class Condition, class... Limit>
    bool sleep_until(const Condition& condition, Limit... limit) {
        std::unique_lock lock(mutex_);
        // Told before it is looked for: either it is seen here, or who makes it true sees this.
        const auto told = [&] {
            asleep_.store(true);
            return condition();
        };
        if constexpr (sizeof...(limit) > 0) {
            return changed_.wait_for(lock, limit..., told);
        } else {
            changed_.wait(lock, told);
            return true;
        }
    }

    void wake() {
        if (!asleep_.exchange(false)) return;
        {
            const std::lock_guard lock(mutex_);
        }
        changed_.notify_all();
    }

    alignas(64) std::atomic<uintptr_t> mail_;
    std::atomic<int> caller_{-1};  // the processor of the thread that filled it last
    std::atomic<bool> asleep_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
};

std::atomic<Worker*> all{nullptr};
std::atomic<int> number{0};

void forget_workers() {
    all = nullptr;
    number = 0;
}
const int registered = pthread_atfork(nullptr, nullptr, forget_workers);

void* begin(void* worker) {
    static_cast<Worker*>(worker)->work();
    return nullptr;
}

// All but those that tell of a fault in the thread itself are for the threads of the program.
sigset_t signals_of_others() {
    sigset_t signals;
    sigfillset(&signals);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP})
        sigdelset(&signals, fault);
    return signals;
}

bool start(Worker* worker) {
    const sigset_t blocked = signals_of_others();
    sigset_t before;
    pthread_t thread;
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const bool started = pthread_create(&thread, nullptr, begin, worker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (started) pthread_detach(thread);
    return started;
}

// Makes another thread, which starts with the loop; false where there may or can be no more.
bool recruit(Loop& loop) {
    Worker* worker = nullptr;
    if (number.fetch_add(1) + 1 < most_threads()) worker = new (std::nothrow) Worker(loop);
    if (worker == nullptr || !start(worker)) {
        delete worker;
        number.fetch_sub(1);
        return false;
    }
    worker->next = all.load();
    while (!all.compare_exchange_weak(worker->next, worker)) continue;
    return true;
}

// Gives the loop to up to `wanted` threads that are free.
void hire(Loop& loop, index_t wanted) {
    for (Worker* each = all.load(); each != nullptr && wanted > 0; each = each->next)
        wanted -= each->claim(loop);
    while (wanted > 0 && recruit(loop)) --wanted;
}

std::atomic<Team> team{nullptr};

// The loop, shared by the threads of another library, which all come to its end together.
void run_in(Team run, Loop& loop, index_t threads) {
    struct Call {
        Loop& loop;
        const pthread_t caller;
    } call{loop, pthread_self()};
    const auto part = [](void* data) {
        const Call& call = *static_cast<const Call*>(data);
        pthread_equal(call.caller, pthread_self()) ? call.loop.run() : call.loop.join();
    };
    run(part, &call, static_cast<unsigned>(threads), 0);
}

}  // namespace

void use_team(Team run) { team = run; }

void share_loop(int threads, index_t count, index_t together, void (*body)(const void*, Share&),
                const void* context) {
    if (count <= 0 || interrupted()) return;
    Loop loop(count, together, body, context);
    const index_t others = smaller(threads, quotient(count, together)) - 1;
    if (const Team run = team; run != nullptr && others > 0) return run_in(run, loop, others + 1);
    hire(loop, others);
    loop.run();
    if (others == 0) return;
    for (Worker* each = all.load(); each != nullptr; each = each->next) each->dismiss(loop);
}

bool take_tasks(Share& share) { return share.loop->take(share); }
bool interrupted(const Share& share) { return share.loop->stops(share); }

}  // namespace convcore
