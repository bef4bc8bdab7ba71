--- A loader for the key snax_loader: services get the global `names`, and a pattern of their own.
return function(path, name, G)
  local file = path:match "[^;]+":gsub("%?", name)
  G.names = { "first", "second" }
  G.loaded_from = file
  local main = assert(loadfile(file, "t", G))
  return function()
    return main()
  end, "somewhere/?/else"
end
