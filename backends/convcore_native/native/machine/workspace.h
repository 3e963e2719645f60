// Memory that outlives a call: fresh pages cost more than many convolutions.
#pragma once
#include <stddef.h>

namespace convcore {

// At least `bytes` bytes, 64-byte aligned, of a few buffers that all plans share, or fresh ones.
// Thread-safe and without locks, so that a fork cannot leave one taken.
class Workspace {
  public:
    explicit Workspace(size_t bytes);
    ~Workspace();
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;

    // nullptr if there is no memory, or if nothing was asked for.
    void* data() const;

  private:
    struct Buffer;
    Buffer* buffer_;
};

}  // namespace convcore
