--- The environment of interfaces, for the key snax_interface_g.
return {
  require = function(name)
    return { name = name }
  end,
  names = { "first", "second" },
  ipairs = ipairs,
}
