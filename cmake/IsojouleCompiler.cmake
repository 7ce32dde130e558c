# Language level, warnings and sanitizers, the same for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers make a source uncacheable unless ccache is told that they may be trusted.
  set(cached ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${cached})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${cached})
endif()

add_library(isojoule_flags INTERFACE)
target_compile_options(isojoule_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Wcast-align -Wno-missing-field-initializers
  # In groups of sources a local name may be one that a neighbour's library has for all.
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>)
if(NOT ISOJOULE_FUZZ)
  # The fuzzers' compiler is another one, and its warnings are no one's standard.
  target_compile_options(isojoule_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms of GCC 12 in -O2 and -O3 inlining of std::string and std::variant.
  target_compile_options(isojoule_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized
                         -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
endif()

# Commands and tests are thin: in builds for tests they are compiled without optimisation, in about half the
# time, over a library that has it.
set(ISOJOULE_THIN_OPTIONS "")
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  set(ISOJOULE_THIN_OPTIONS -O0)
endif()

if(ISOJOULE_SANITIZE)
  add_compile_options(-fsanitize=${ISOJOULE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ISOJOULE_SANITIZE})
  # These check every pointer before it is used, which doubles the time to compile; what goes wrong
  # there the address sanitizer sees at the access itself. The rest of `undefined` stays.
  if(ISOJOULE_SANITIZE MATCHES "address.*undefined")
    add_compile_options(-fno-sanitize=null,alignment,vptr,object-size)
  endif()
endif()
