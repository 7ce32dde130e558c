// What went wrong, on what, and what to do about it: the one error type of the program.
//
// A function that can fail returns Result<T>. The library never prints and never exits; exceptions
// stay inside the wrappers of libraries that throw.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace isojoule {

enum class ErrorKind {
  not_found,          // a file, node, name or library is not there
  permission_denied,  // it is there, this user may not
  no_data,            // the node answers, but has nothing to say (ENODATA, a disabled channel)
  io,                 // the operating system refused for another reason
  disk_full,
  read_only,
  invalid,       // the words or the value make no sense
  out_of_range,  // they make sense, the hardware or the plan does not have them
  unsupported,   // nothing here can do it
  parse,         // a text does not follow its format
  damaged,       // a file of ours is broken
  newer_schema,  // a file of ours was written by a later version
  busy,          // another program has it
  timeout,
  not_reached,  // a knob was written and reads back otherwise
  engine,       // an engine failed, crashed or hung
  unmeasured,   // a value was asked for that nothing here can measure
  interrupted,  // Ctrl-C
  exists,       // it is there already, and was to be made
  internal,     // a bug of ours
};

// Stable name, as it stands in JSON and in the study file: "not_found".
std::string_view name_of(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string what;    // one line: the name or path, and what is wrong with it
  std::string tried;   // what was attempted ("read /sys/...", "looked in a, b, c"); may be empty
  std::string remedy;  // what the user can do; may be empty
};

// "error: WHAT (tried: TRIED). REMEDY", on one line whatever the parts contain.
std::string to_string(const Error& error);

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string what, std::string remedy = {},
                                  std::string tried = {}) {
  return tl::unexpected<Error>(Error{kind, std::move(what), std::move(tried), std::move(remedy)});
}

}  // namespace isojoule
