// That there is a file of assembly lets the compiler accept a function without a
// body: main.main, which the linker finds.
