// How a call ends before its work is done: whoever made it is asked from time to time.
#pragma once

namespace convcore {

// `question` is asked by threads that make calls, some ten times a second.
void ask_whether_to_stop(bool (*question)());

// To be called when a call begins: this thread's last one may have been interrupted.
void begin_call();

// Whether the call of this thread is to end now; asks if it is time to. Once it is true it stays
// so.
bool interrupted();

// Whether that was so.
bool was_interrupted();

}  // namespace convcore
