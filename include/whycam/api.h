// What the shared library offers to the outside: a class or function with this mark, and nothing else.
#pragma once

// WHYCAM_STATIC: the library is an archive; its CMake package defines it. WHYCAM_BUILDS_LIBRARY: whycam is being
// compiled itself.
#if defined(WHYCAM_STATIC) && defined(_WIN32)
#define WHYCAM_API
#elif defined(WHYCAM_BUILDS_LIBRARY) && defined(_WIN32)
#define WHYCAM_API __declspec(dllexport)
#elif defined(_WIN32)
#define WHYCAM_API __declspec(dllimport)
#elif defined(__GNUC__)
#define WHYCAM_API __attribute__((visibility("default")))
#else
#define WHYCAM_API
#endif
