#include "exit_code.h"

#include <new>

#include "memory.h"
#include "printable.h"
#include "whycam/errors.h"

namespace whycam::cli {
namespace {

std::string one_line(std::string text) {
  text = text.substr(0, text.find("\nframe #"));  // libtorch's own stack trace
  for (char& letter : text)
    if (letter == '\n' || letter == '\r') letter = ' ';
  return printable(text);
}

}  // namespace

std::string exit_code_help() {
  return "Exit codes:\n"
         "  0 success\n"
         "  1 internal error, a fault of whycam\n"
         "  2 usage: wrong options\n"
         "  3 model: the network cannot be read\n"
         "  4 input: a picture or tensor cannot be read\n"
         "  5 layer: no such layer, or nothing to explain at it\n"
         "  6 target: no such class or label\n"
         "  7 output: a result cannot be written, or another run is writing into the folder\n"
         "  8 network: the network fails on the input, or gives no gradient\n"
         "  9 memory: there is not enough memory\n"
         "  130 interrupted: stopped by SIGINT; --resume goes on\n"
         "  143 terminated: stopped by SIGTERM; --resume goes on";
}

Failure current_failure() {
  try {
    throw;
  } catch (const Failure& failure) {
    return {failure.code(), one_line(failure.what())};
  } catch (const LayerError& error) {
    return {ExitCode::layer, one_line(error.what())};
  } catch (const TargetError& error) {
    return {ExitCode::target, one_line(error.what())};
  } catch (const OutputError& error) {
    return {ExitCode::output, one_line(error.what())};
  } catch (const InputError& error) {
    return {ExitCode::input, one_line(error.what())};
  } catch (const ModelError& error) {
    return {ExitCode::network, one_line(error.what())};
  } catch (const MemoryError& error) {
    return {ExitCode::memory, error.what()};
  } catch (const std::bad_alloc& error) {
    return {ExitCode::memory, MemoryError(bytes_asked_for(error)).what()};
  } catch (const std::exception& error) {
    return {ExitCode::internal_error, "internal error: " + one_line(error.what())};
  }
}

}  // namespace whycam::cli
