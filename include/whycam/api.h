// What the shared library offers to the outside: a class or function with this mark, and nothing else.
#pragma once

#if defined(__GNUC__)
#define WHYCAM_API __attribute__((visibility("default")))
#else
#define WHYCAM_API
#endif
