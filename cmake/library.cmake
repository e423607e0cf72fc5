# The C++ library. Sources are globbed: a new file edits no build file.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

file(GLOB_RECURSE GRADUS_ALL CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/gradus/*.cpp)
set(GRADUS_SIMD ${GRADUS_ALL})
list(FILTER GRADUS_SIMD INCLUDE REGEX "\\.simd\\.cpp$")
list(FILTER GRADUS_ALL EXCLUDE REGEX "\\.simd\\.cpp$")

# Operators: tools/opgen.py reads the declarations and writes everything that follows from them.
file(GLOB GRADUS_OP_HEADERS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/gradus/ops/*.h)
file(GLOB GRADUS_OPGEN_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/opgen*.py)
# The list of generated files depends on what the headers say.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${GRADUS_OP_HEADERS} ${GRADUS_OPGEN_SOURCES})
set(GRADUS_GEN ${PROJECT_BINARY_DIR}/gen)
set(GRADUS_OPGEN ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/opgen.py)
execute_process(
  COMMAND ${GRADUS_OPGEN} --out ${GRADUS_GEN} --list ${GRADUS_OP_HEADERS}
  OUTPUT_VARIABLE GRADUS_GEN_FILES OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
add_custom_command(
  OUTPUT ${GRADUS_GEN_FILES}
  COMMAND ${GRADUS_OPGEN} --out ${GRADUS_GEN} ${GRADUS_OP_HEADERS}
  DEPENDS ${GRADUS_OP_HEADERS} ${GRADUS_OPGEN_SOURCES}
  COMMENT "opgen")
set(GRADUS_GEN_SIMD ${GRADUS_GEN_FILES})
list(FILTER GRADUS_GEN_SIMD INCLUDE REGEX "\\.simd\\.cpp$")
set(GRADUS_GEN_PLAIN ${GRADUS_GEN_FILES})
list(FILTER GRADUS_GEN_PLAIN EXCLUDE REGEX "\\.simd\\.cpp$")
add_custom_target(gradus_gen DEPENDS ${GRADUS_GEN_FILES})

# No contraction and no fast-math: the bits are part of what the library promises.
set(GRADUS_WARNINGS -Wall -Wextra -Wno-unused-parameter)
set(GRADUS_FLAGS -ffp-contract=off -fno-math-errno -fno-trapping-math)
# Kernels are optimised in every configuration: inline functions left over at -O0 would be shared between targets.
# An unoptimised build would leave std:: helpers as shared symbols compiled for the wrong instruction set.
set(GRADUS_KERNEL_FLAGS -O3 -fwrapv -fno-exceptions)
if(GRADUS_SANITIZE)
  add_compile_options(-fsanitize=${GRADUS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${GRADUS_SANITIZE})
  if(GRADUS_SANITIZE MATCHES address AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC refers to instrumented constants of templates from outside their section groups: they would not link.
    add_compile_options(--param=asan-globals=0)
  endif()
endif()

add_library(gradus STATIC ${GRADUS_ALL} ${GRADUS_GEN_PLAIN})
add_library(Gradus::gradus ALIAS gradus)
add_dependencies(gradus gradus_gen)
target_include_directories(gradus PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${GRADUS_GEN}> $<INSTALL_INTERFACE:include>)
target_compile_features(gradus PUBLIC cxx_std_20)
target_compile_options(gradus PRIVATE ${GRADUS_WARNINGS} ${GRADUS_FLAGS})
find_package(Threads REQUIRED)
target_link_libraries(gradus PUBLIC Threads::Threads)

set(GRADUS_TARGETS baseline)
set(GRADUS_TARGET_FLAGS_baseline "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND GRADUS_TARGETS avx2 avx512)
  set(GRADUS_TARGET_FLAGS_avx2 -mavx2 -mfma -mf16c -mbmi2)
  set(GRADUS_TARGET_FLAGS_avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma -mf16c -mbmi2
      -mprefer-vector-width=512)
endif()
foreach(t ${GRADUS_TARGETS})
  add_library(gradus_${t} OBJECT ${GRADUS_SIMD} ${GRADUS_GEN_SIMD})
  add_dependencies(gradus_${t} gradus_gen)
  target_include_directories(gradus_${t} PRIVATE ${PROJECT_SOURCE_DIR} ${GRADUS_GEN})
  target_compile_definitions(gradus_${t} PRIVATE GRADUS_TARGET=${t})
  target_compile_options(gradus_${t} PRIVATE ${GRADUS_WARNINGS} ${GRADUS_FLAGS} ${GRADUS_TARGET_FLAGS_${t}} ${GRADUS_KERNEL_FLAGS})
  target_sources(gradus PRIVATE $<TARGET_OBJECTS:gradus_${t}>)
endforeach()

# `cmake --build build/release --target docs`: one reference page per operator, in build/release/docs/operators.
add_custom_target(docs
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/opgen.py --docs ${PROJECT_BINARY_DIR}/docs/operators ${GRADUS_OP_HEADERS}
  COMMENT "reference pages")
