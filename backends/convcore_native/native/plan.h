// A convolution problem bound to an algorithm: what the bridge calls.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "method.h"

namespace convcore {

enum Algorithm { DIRECT };

class Plan {
  public:
    Plan(const Geometry&, Algorithm, const Request&);
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    // Overwrites `result`; returns false if there is no memory. Thread-safe.
    bool run(Operation, const void* first, const void* second, void* result);
    size_t workspace(Operation);
    std::string describe(Operation);
    double seconds(Operation);

  private:
    const Method& method(Operation);

    const Geometry geometry_;
    const Algorithm algorithm_;
    const Request request_;
    std::once_flag made_[3];
    std::unique_ptr<Method> methods_[3];
};

}  // namespace convcore
