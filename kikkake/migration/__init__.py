"""Moving a namespace over from Argo Events: what there is, what changes, what to do. Nothing here changes anything."""
