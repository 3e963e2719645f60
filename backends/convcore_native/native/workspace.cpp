#include "workspace.h"

#include <stdlib.h>

#include <atomic>

namespace convcore {

struct Workspace::Buffer {
    size_t bytes;
};

namespace {

constexpr size_t ALIGNMENT = 64;
constexpr int SLOTS = 4;
// A larger buffer goes back to the system after its call.
constexpr size_t LARGEST_KEPT = size_t(64) << 20;

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
    const size_t total = (bytes + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void* fresh = aligned_alloc(ALIGNMENT, total);
    if (fresh == nullptr) return;
    buffer_ = static_cast<Buffer*>(fresh);
    buffer_->bytes = total - ALIGNMENT;
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
