# Builds from nothing compile several sources as one: the headers and templates that they share are
# read and instantiated once, which takes less than half the time. Who edits leaves it off: a change
# then compiles one file. tools/unity_groups finds what fits together.
option(ISOJOULE_UNITY "Compile sources in groups: quicker from nothing, slower after an edit" OFF)
set(ISOJOULE_UNITY_MOST 24 CACHE STRING "The most sources of a group")

# In the directory of the target, after all its sources are named. Options that a source has for
# itself keep it out of groups.
function(isojoule_unity target)
  if(NOT ISOJOULE_UNITY)
    return()
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "^${PROJECT_SOURCE_DIR}/.*\\.cc$")
  list(SORT sources)
  list(JOIN sources "\n" lines)
  set(list ${CMAKE_BINARY_DIR}/generated/${target}.unity)
  file(WRITE ${list} "${lines}\n")
  execute_process(COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/unity_groups ${ISOJOULE_UNITY_MOST}
                  INPUT_FILE ${list} OUTPUT_VARIABLE found COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" found "${found}")
  foreach(line ${found})
    string(REGEX MATCH "^([0-9]+) (.*)$" line "${line}")
    set_source_files_properties(${CMAKE_MATCH_2} PROPERTIES UNITY_GROUP ${target}_${CMAKE_MATCH_1})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()
