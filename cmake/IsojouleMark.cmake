# The client of isojoule.h, in C: what a program links that marks its phases. It stands apart from the
# library, which such a program does not need.
function(isojoule_mark_library target)
  target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src/mark/isojoule.c)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                             $<INSTALL_INTERFACE:include>)
  target_compile_options(${target} PRIVATE -Wall -Wextra -pedantic -Werror)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF)
  target_link_libraries(${target} PUBLIC Threads::Threads)
endfunction()

add_library(isojoule_mark STATIC)
add_library(isojoule::isojoule_mark ALIAS isojoule_mark)
isojoule_mark_library(isojoule_mark)

# The same for what loads it at run time: Python's ctypes.
if(NOT ISOJOULE_STATIC)
  add_library(isojoule_mark_shared SHARED)
  isojoule_mark_library(isojoule_mark_shared)
  set_target_properties(isojoule_mark_shared PROPERTIES OUTPUT_NAME isojoule_mark SOVERSION 1
    VERSION 1.1.0 LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
  # Threads that have marked come back into it when they end: it stays until the process does.
  target_link_options(isojoule_mark_shared PRIVATE -Wl,-z,nodelete)
endif()
