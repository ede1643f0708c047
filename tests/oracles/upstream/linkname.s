// A file of assembly lets a function be declared without a body: see condition.go.
