# The extension module gradus._C: python/bindings/*.cpp over the static library, on CPython's own C interface.
if(NOT Python_EXECUTABLE)
  set(Python_EXECUTABLE ${Python3_EXECUTABLE})
endif()
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)

set(GRADUS_STUB ${PROJECT_BINARY_DIR}/_C.pyi)
add_custom_command(
  OUTPUT ${GRADUS_STUB}
  COMMAND ${GRADUS_OPGEN} --stubs ${GRADUS_STUB} ${GRADUS_OP_HEADERS}
  DEPENDS ${GRADUS_OP_HEADERS} ${GRADUS_OPGEN_SOURCES}
  COMMENT "type stubs")
file(GLOB GRADUS_BINDINGS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/python/bindings/*.cpp)
Python_add_library(_C MODULE WITH_SOABI ${GRADUS_BINDINGS} ${GRADUS_STUB})
add_dependencies(_C gradus_gen)
target_include_directories(_C PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_options(_C PRIVATE ${GRADUS_WARNINGS} ${GRADUS_FLAGS} -Wno-missing-field-initializers)
target_link_libraries(_C PRIVATE Gradus::gradus)
# Symbols of the static library stay out of the dynamic table: only PyInit__C is visible.
target_link_options(_C PRIVATE -Wl,--exclude-libs,ALL -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/python.map)

if(NOT SKBUILD)
  # A development build completes the package in the source tree: PYTHONPATH=python is enough to use it.
  set(GRADUS_PYTHON_OUT ${PROJECT_SOURCE_DIR}/python/gradus CACHE PATH "package folder that a development build completes")
  set_target_properties(_C PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${GRADUS_PYTHON_OUT})
  add_custom_command(
    TARGET _C POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E copy_if_different ${GRADUS_STUB} ${GRADUS_PYTHON_OUT})
endif()

install(TARGETS _C LIBRARY DESTINATION gradus COMPONENT python)
install(FILES ${GRADUS_STUB} DESTINATION gradus COMPONENT python)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/python/gradus/ DESTINATION gradus COMPONENT python
  FILES_MATCHING PATTERN "*.py" PATTERN "py.typed" PATTERN "_torch_names.txt" PATTERN "__pycache__" EXCLUDE)
