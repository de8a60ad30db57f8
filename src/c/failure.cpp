#include "c/failure.h"

#include <new>

#include "whycam/version.h"

namespace whycam::c {
namespace {

/// Each thread's own. A text that does not fit into memory is cut.
std::string& last_error() {
  thread_local std::string text;
  return text;
}

whycam_status failed_with(whycam_status status, const char* text) noexcept {
  try {
    last_error() = text;
  } catch (...) {
    last_error().clear();
  }
  return status;
}

}  // namespace

whycam_status failed() noexcept {
  try {
    throw;
  } catch (const ArgumentError& error) {
    return failed_with(WHYCAM_ARGUMENT_ERROR, error.what());
  } catch (const LayerError& error) {
    return failed_with(WHYCAM_LAYER_ERROR, error.what());
  } catch (const TargetError& error) {
    return failed_with(WHYCAM_TARGET_ERROR, error.what());
  } catch (const InputError& error) {
    return failed_with(WHYCAM_INPUT_ERROR, error.what());
  } catch (const OutputError& error) {
    return failed_with(WHYCAM_OUTPUT_ERROR, error.what());
  } catch (const ModelError& error) {
    return failed_with(WHYCAM_MODEL_ERROR, error.what());
  } catch (const MemoryError& error) {
    return failed_with(WHYCAM_MEMORY_ERROR, error.what());
  } catch (const std::bad_alloc&) {
    return failed_with(WHYCAM_MEMORY_ERROR, "there is not enough memory");
  } catch (const std::exception& error) {
    return failed_with(WHYCAM_INTERNAL_ERROR, error.what());
  } catch (...) {
    return failed_with(WHYCAM_INTERNAL_ERROR, "something was thrown that is no exception");
  }
}

void require_index(std::size_t index, std::size_t count, const char* name) {
  if (index >= count)
    throw ArgumentError("there is no " + std::string(name) + " " + std::to_string(index) + "; there are " +
                        std::to_string(count) + ", counted from 0");
}

}  // namespace whycam::c

const char* whycam_version(void) { return whycam::version; }

const char* whycam_last_error(void) { return whycam::c::last_error().c_str(); }
