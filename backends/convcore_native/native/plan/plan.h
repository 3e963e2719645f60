// A convolution problem bound to an algorithm: what the bridge calls.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "isa/isa.h"
#include "method.h"

namespace convcore {

enum Algorithm { DIRECT, TILEFFT, WINOGRAD };

class Plan {
  public:
    // `wanted` holds for each operation the name of a variant, or nothing where the algorithm is to
    // choose.
    Plan(const Geometry&, Algorithm, const Kernels&, const Request&,
         const std::vector<std::string>& wanted);
    ~Plan();
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    // Whether an operation can be carried out as wanted, and within the bound of the request: what
    // is asked about any other throws std::invalid_argument.
    bool fits(Operation);
    // Names of the ways to carry it out within that bound, that which would be chosen first.
    std::vector<std::string> variants(Operation) const;
    std::string name(Operation);

    // Overwrites `result`; if interrupted, with anything. Thread-safe.
    Outcome run(Operation, const void* first, const void* second, void* result);
    size_t workspace(Operation);
    std::string describe(Operation);
    double seconds(Operation);

    // A weight for many calls: bytes that `prepare` writes, 0 where it gains nothing. `usable`
    // becomes false where this weight, by its values, has to be used as it is.
    size_t prepared_bytes(Operation);
    Outcome prepare(Operation, const void* weight, void* prepared, bool* usable);
    Outcome run_prepared(Operation, const void* first, const void* prepared, void* result);

  private:
    struct Chosen;
    std::unique_ptr<Method> make(Operation, const Request&) const;
    std::unique_ptr<const Chosen> choose(Operation) const;
    const Chosen& tried(Operation);
    const Chosen& chosen(Operation);
    // Calls `work(method, workspace, threads)`, if there is memory.
    template <class Work>
    Outcome with_workspace(Operation, const Work& work);

    const Geometry geometry_;
    const Algorithm algorithm_;
    const Kernels& kernels_;
    const Request request_;
    const std::vector<std::string> wanted_;
    // Made when first asked for, and without locks, so that a fork cannot leave one taken.
    std::atomic<const Chosen*> chosen_[3];
};

}  // namespace convcore
