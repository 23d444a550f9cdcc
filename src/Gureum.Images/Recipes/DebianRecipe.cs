using Gureum.Images.Archives;

namespace Gureum.Images.Recipes;

/// <summary>An image made of a few files from Debian packages. Immutable.</summary>
/// <param name="Name">Full name with tag.</param>
/// <param name="Packages">Packages; <c>a|b</c> takes the first that exists (names change between Debian releases).</param>
/// <param name="Files">Files and link targets to take, relative to /, with <c>*</c> within the last part.</param>
/// <param name="Extra">Entries that no package has.</param>
/// <param name="Description">What the image says about itself.</param>
/// <param name="Applets">True to add links for busybox's commands.</param>
internal sealed record DebianRecipe(
    string Name, IReadOnlyList<string> Packages, IReadOnlyList<string> Files, IReadOnlyList<LayerEntry> Extra,
    ImageDescription Description, bool Applets = true);
