"""`kikkake admission`: says at `kubectl apply` what is wrong with a resource; a condition says it later anyway."""
