# The Python module `isojoule` over isojoule.h, where pybind11 and Python's headers are; without them
# it is left out. build/python is what PYTHONPATH wants.
set(ISOJOULE_PYTHON_INSTALL lib/python3/dist-packages CACHE STRING
    "Where the Python module goes, below the prefix: a folder of Python's own for the prefix /usr on Debian")

function(isojoule_python)
  include(GNUInstallDirs)
  find_package(Python QUIET COMPONENTS Interpreter Development.Module)
  if(NOT TARGET Python::Module)
    message(STATUS "Python module: not built: no headers of Python 3 (Debian: python3-dev)")
    return()
  endif()
  find_package(pybind11 QUIET CONFIG)
  if(NOT pybind11_FOUND)
    message(STATUS "Python module: not built: no pybind11 (Debian: pybind11-dev)")
    return()
  endif()
  pybind11_add_module(isojoule_python MODULE NO_EXTRAS ${PROJECT_SOURCE_DIR}/python/isojoule_module.cc)
  target_link_libraries(isojoule_python PRIVATE isojoule_mark_shared isojoule_flags)
  set(package ${CMAKE_BINARY_DIR}/python/isojoule)
  # The library lies in the prefix's own folder: four up from the module, as it is installed.
  set_target_properties(isojoule_python PROPERTIES OUTPUT_NAME _isojoule
    LIBRARY_OUTPUT_DIRECTORY ${package}
    INSTALL_RPATH "$ORIGIN/../../../../${CMAKE_INSTALL_LIBDIR}")
  add_custom_command(TARGET isojoule_python POST_BUILD COMMAND ${CMAKE_COMMAND} -E copy_if_different
    ${PROJECT_SOURCE_DIR}/python/isojoule/__init__.py ${package}/__init__.py)
  set_property(TARGET isojoule_python APPEND PROPERTY LINK_DEPENDS
    ${PROJECT_SOURCE_DIR}/python/isojoule/__init__.py)
  set_property(GLOBAL PROPERTY ISOJOULE_PYTHON ${Python_EXECUTABLE})
  install(TARGETS isojoule_python LIBRARY DESTINATION ${ISOJOULE_PYTHON_INSTALL}/isojoule
          COMPONENT runtime)
  install(FILES python/isojoule/__init__.py DESTINATION ${ISOJOULE_PYTHON_INSTALL}/isojoule
          COMPONENT runtime)
  set_property(GLOBAL APPEND PROPERTY ISOJOULE_RUNTIME_PARTS isojoule_python)
endfunction()
