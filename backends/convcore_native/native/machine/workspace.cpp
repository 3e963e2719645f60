#include "machine/workspace.h"

#include <stdlib.h>

#include <atomic>

namespace convcore {

struct Workspace::Buffer {
    size_t bytes;
};

namespace {

constexpr size_t ALIGNMENT = 64;
constexpr int SLOTS = 4;
// A larger buffer goes back to the system after its call; so does any that the address sanitizer
// is to watch the end of.
#ifdef __SANITIZE_ADDRESS__
constexpr size_t LARGEST_KEPT = 0;
#else
constexpr size_t LARGEST_KEPT = size_t(64) << 20;
#endif

std::atomic<void*> kept[SLOTS];

}  // namespace

Workspace::Workspace(size_t bytes) : buffer_(nullptr) {
    if (bytes == 0) return;
    for (auto& slot : kept) {
        Buffer* found = static_cast<Buffer*>(slot.exchange(nullptr));
        if (found == nullptr) continue;
        if (found->bytes >= bytes) {
            buffer_ = found;
            return;
        }
        free(found);  // too small for this call: make room for what is in use now
    }
    void* fresh = nullptr;
    if (posix_memalign(&fresh, ALIGNMENT, ALIGNMENT + bytes) != 0) return;
    buffer_ = static_cast<Buffer*>(fresh);
    buffer_->bytes = bytes;
}

Workspace::~Workspace() {
    if (buffer_ != nullptr && buffer_->bytes <= LARGEST_KEPT) {
        for (auto& slot : kept) {
            void* empty = nullptr;
            if (slot.compare_exchange_strong(empty, buffer_)) return;
        }
    }
    free(buffer_);
}

void* Workspace::data() const {
    return buffer_ == nullptr ? nullptr : reinterpret_cast<char*>(buffer_) + ALIGNMENT;
}

}  // namespace convcore
