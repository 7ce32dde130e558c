// Error and Result are public (isojoule/error.h); the two macros that pass an error on are ours.
#pragma once

#include "isojoule/error.h"

#define ISOJOULE_CONCAT_(a, b) a##b
#define ISOJOULE_CONCAT(a, b) ISOJOULE_CONCAT_(a, b)

// ISOJOULE_TRY(auto text, tree.read(path)); returns the error of the expression from this function,
// or declares the variable with the value.
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.
#define ISOJOULE_TRY(declaration, expression)                                                     \
  auto ISOJOULE_CONCAT(try_, __LINE__) = (expression);                                            \
  if (!ISOJOULE_CONCAT(try_, __LINE__))                                                           \
    return tl::unexpected<::isojoule::Error>(std::move(ISOJOULE_CONCAT(try_, __LINE__)).error()); \
  declaration = std::move(*ISOJOULE_CONCAT(try_, __LINE__))

// NOLINTEND(bugprone-macro-parentheses)

// The same for a Status.
#define ISOJOULE_CHECK(expression)                                                \
  do {                                                                            \
    auto check_status_ = (expression);                                            \
    if (!check_status_)                                                           \
      return tl::unexpected<::isojoule::Error>(std::move(check_status_).error()); \
  } while (false)
