using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Reporting;
using Spectre.Console;

namespace Gureum.Comparing;

/// <summary>Shows a comparison to people and to scripts.</summary>
internal static class ComparisonPrinter
{
    internal static JsonObject Json(ComparisonResult result) => new()
    {
        ["program"] = result.Container.Program, ["accelerator"] = result.Accelerator, ["container"] = Json(result.Container), ["virtualMachine"] = Json(result.Machine),
    };

    /// <summary>The table: a row for each thing, and how many times the container's the machine's is.</summary>
    internal static Table Table(ComparisonResult result)
    {
        (Measured c, Measured m) = (result.Container, result.Machine);
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("", c.Subject.Title, m.Subject.Title, "ratio");
        table.Columns[0].NoWrap();
        table.Columns[3].NoWrap().RightAligned();
        Row("guest OS", x => x.System ?? "none of its own");
        Row("kernel", x => $"{x.Kernel} ({(x.OwnKernel ? "its own" : "this machine's")})");
        Row("image", x => StatusReader.Size(x.ImageBytes), x => x.ImageBytes);
        Row("create to first answer", x => Seconds(x.Start), x => x.Start.TotalSeconds);
        Row("delete to gone", x => Seconds(x.Stop), x => x.Stop.TotalSeconds);
        Row("memory (PSS)", x => StatusReader.Size(x.Processes.Memory), x => x.Processes.Memory);
        Row("processes here", x => $"{x.Processes.Names.Count}: {string.Join(", ", x.Processes.Names)}");
        table.AddRow("isolation", Isolation(c, result.Accelerator), Isolation(m, result.Accelerator), "");
        return table;

        void Row(string title, Func<Measured, string> text, Func<Measured, double>? number = null) => table.AddRow(
            Markup.Escape(title), Markup.Escape(text(c)), Markup.Escape(text(m)), number is not null && number(c) > 0 ? Ratio(number(m) / number(c)) : "");
    }

    private static JsonObject Json(Measured m) => new()
    {
        ["os"] = m.System, ["kernel"] = m.Kernel, ["ownKernel"] = m.OwnKernel, ["image"] = m.Subject.Image, ["imageBytes"] = m.ImageBytes, ["startSeconds"] = Math.Round(m.Start.TotalSeconds, 3), ["stopSeconds"] = Math.Round(m.Stop.TotalSeconds, 3),
        ["memoryBytes"] = m.Processes.Memory, ["processes"] = new JsonArray([.. m.Processes.Names.Select(n => (JsonNode)n)]),
    };

    private static string Isolation(Measured m, string accelerator) => m.OwnKernel
        ? $"own kernel on hardware that QEMU emulates{(accelerator == "kvm" ? ", its instructions run by the processor (KVM)" : ", its instructions translated (TCG: slow)")}"
        : "shares this machine's kernel; kept apart by its namespaces and control groups";

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.00} s");

    private static string Ratio(double ratio) => string.Create(CultureInfo.InvariantCulture, $"{(ratio < 10 ? Math.Round(ratio, 1) : Math.Round(ratio))}×");
}
