module kikkake/tests/oracles

go 1.24

require (
	github.com/tidwall/gjson v1.19.0
	github.com/tidwall/sjson v1.2.5
)

require (
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
)
