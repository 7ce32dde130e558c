# Man pages and completions for bash, zsh and fish, written by the program itself (isojoule manual).
# A program for another architecture cannot be run here: a native one of the same sources may stand in
# for it (-DISOJOULE_MANUAL_PROGRAM=...), else they are left out.
set(ISOJOULE_MANUAL_PROGRAM "" CACHE FILEPATH
    "isojoule of this machine that writes man pages and completions when building for another one")

function(isojoule_manual)
  set(program $<TARGET_FILE:isojoule_cli>)
  if(CMAKE_CROSSCOMPILING AND NOT CMAKE_SYSTEM_PROCESSOR STREQUAL CMAKE_HOST_SYSTEM_PROCESSOR)
    set(program ${ISOJOULE_MANUAL_PROGRAM})
    if(NOT program)
      message(STATUS "man pages and completions: not built: built for another machine; "
                     "-DISOJOULE_MANUAL_PROGRAM=FILE names an isojoule of this one")
      return()
    endif()
  elseif(ISOJOULE_SANITIZE)
    return()  # nobody installs that
  endif()
  set(place ${CMAKE_BINARY_DIR}/manual)
  add_custom_command(
    OUTPUT ${place}/made
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${place}
    COMMAND ${program} manual --format man -o ${place}/man
    COMMAND ${program} manual --format bash -o ${place}
    COMMAND ${program} manual --format zsh -o ${place}
    COMMAND ${program} manual --format fish -o ${place}
    COMMAND ${CMAKE_COMMAND} -E touch ${place}/made
    DEPENDS isojoule_cli ${ISOJOULE_MANUAL_PROGRAM}
    COMMENT "Man pages and completions" VERBATIM)
  add_custom_target(isojoule_manual ALL DEPENDS ${place}/made)
  install(DIRECTORY ${place}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime
          FILES_MATCHING PATTERN "*.1")
  install(FILES ${place}/isojoule.bash RENAME isojoule
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT runtime)
  install(FILES ${place}/_isojoule
          DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT runtime)
  install(FILES ${place}/isojoule.fish
          DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT runtime)
endfunction()
