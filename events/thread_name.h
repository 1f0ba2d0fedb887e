// What a thread is called where the machine lists threads (top -H, perf), so that whoever measures sees which
// part of the program is at work.
#pragma once

#include <pthread.h>

namespace geleit {

/// Names the calling thread; at most 15 characters are kept by the system.
inline void name_thread(const char* name) { ::pthread_setname_np(::pthread_self(), name); }

}  // namespace geleit
