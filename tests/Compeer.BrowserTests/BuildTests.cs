using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>What is committed is what the sources make.</summary>
public sealed class BuildTests
{
    [PackagesFact]
    public async Task The_committed_assets_are_what_their_sources_make()
    {
        DirectoryInfo made = Directory.CreateTempSubdirectory("compeer-assets-");
        try
        {
            await using (var check = new ChildProcess(Programs.Npm, ["--prefix", Repository.App, "run", "check"]))
                await check.WaitForSuccessAsync(120);
            await using (var build = new ChildProcess(Programs.Npm, ["--prefix", Repository.App, "run", "build", "--", made.FullName]))
                await build.WaitForSuccessAsync(120);
            Assert.Equal(Directory.GetFiles(Repository.Assets).Select(Path.GetFileName).Order(), made.GetFiles().Select(file => file.Name).Order());
            foreach (FileInfo file in made.GetFiles())
                Assert.True(Enumerable.SequenceEqual(await File.ReadAllBytesAsync(file.FullName), await File.ReadAllBytesAsync(Path.Combine(Repository.Assets, file.Name))), $"{file.Name} is not what its sources make: run 'npm run build' in {Path.GetRelativePath(Repository.Root, Repository.App)}");
        }
        finally
        {
            made.Delete(recursive: true);
        }
    }
}
